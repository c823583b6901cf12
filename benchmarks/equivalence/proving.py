"""An encoder on plain Keras and on engines, over one sample: their proofs."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.equivalence.proof import Proof, judge_rows
from benchmarks.equivalence.sample import Sample
from datasets.imageset import Image
from methods.contracts import Encoder
from methods.engines.contract import Engine
from methods.engines.swap import Swap


def prove(encoder: Encoder, engines: Iterable[Engine], sample: Sample, labelled: bool = True) -> Iterator[Proof]:
    """A proof for each engine, in order, made when it is asked for; `labelled` False leaves hit@1 out."""
    plain, plain_seconds = _rows(encoder, sample.images)
    labels = sample.labels if labelled else None
    for engine in engines:
        if obstacle := engine.obstacle():
            yield Proof(engine.name, obstacle)
            continue
        with Swap(encoder, engine):
            rows, seconds = _rows(encoder, sample.images)
        proof = judge_rows(engine.name, plain, rows, labels, sample.queries)
        yield replace(proof, seconds=seconds, plain_seconds=plain_seconds)


def up_to_gain(proofs: Iterable[Proof]) -> list[Proof]:
    """The proofs up to the first engine that gains something: those after it are not asked for."""
    made = []
    for proof in proofs:
        made.append(proof)
        if proof.gains:
            break
    return made


def _rows(encoder: Encoder, images: list[Image]) -> tuple[np.ndarray, float]:
    """Rows (n, d), and seconds an image of the second half: the first one warms up."""
    half = max(1, len(images) // 2)
    first = encoder.encode(images[:half])
    start = time.perf_counter()
    second = encoder.encode(images[half:])
    return np.concatenate([first, second]), (time.perf_counter() - start) / max(1, len(images) - half)
