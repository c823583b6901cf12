"""How a gallery is cut: into blocks of a fixed number of images, and those into shards.

The last bits of a float32 matrix product depend on the shapes of its matrices, those of a network on its batch. So a
shard as a whole is never one product: every block is encoded by itself and searched by itself, whichever shard it lies
in. What a block answers depends on its images and the queries alone, and the number of shards decides nothing but who
asks it.
"""

from dataclasses import dataclass
from itertools import pairwise

from datasets.errors import BenchmarkError
from datasets.words import count_of

BLOCK = 128
"""Images in a block unless said otherwise."""


@dataclass(frozen=True)
class Block:
    """Images `start` to `stop` (exclusive) of a set, and the block's place among its blocks."""

    number: int
    start: int
    stop: int


def blocks_of(images: int, size: int) -> tuple[Block, ...]:
    """`images` in blocks of `size`; the last may be shorter."""
    return tuple(Block(number, start, min(start + size, images)) for number, start in enumerate(range(0, images, size)))


def shards_of(blocks: tuple[Block, ...], count: int) -> list[tuple[Block, ...]]:
    """Neighbouring blocks in `count` shards, whose numbers of blocks differ by one at most.

    Raises BenchmarkError where there are fewer blocks than shards.
    """
    if count > len(blocks):
        raise BenchmarkError(
            f"{count_of(count, 'shard')} of {count_of(len(blocks), 'block')}: "
            f"ask for fewer with --shards, or for smaller blocks with --block"
        )
    bounds = [len(blocks) * number // count for number in range(count + 1)]
    return [blocks[low:high] for low, high in pairwise(bounds)]
