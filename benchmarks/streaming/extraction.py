"""Embedding a gallery shard by shard: no more than one shard of rows and one batch of images is in memory."""

import time
from dataclasses import dataclass

from benchmarks.streaming.shards import ShardFolder
from datasets.imageset import ImageSet
from methods.contracts import Encoder
from methods.vector_method import embed_in_batches


@dataclass(frozen=True)
class Extraction:
    """What one call did: shards that were there before and that it made, images it encoded, seconds that took."""

    found: int
    made: int
    images: int
    seconds: float


def extract(encoder: Encoder, images: ImageSet, shards: ShardFolder) -> Extraction:
    """Fill the shards that are missing. Whole shards are never made again, however the call before this one ended.

    A shard is encoded in batches of its own, so its rows are the same whichever call makes it.
    """
    with shards.locked():
        start = time.perf_counter()
        missing = shards.missing()
        encoded = 0
        for number in missing:
            span = shards.span(number)
            shards.write(number, embed_in_batches(encoder, images[span.start : span.stop]))
            encoded += len(span)
        return Extraction(len(shards) - len(missing), len(missing), encoded, time.perf_counter() - start)
