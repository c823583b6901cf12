"""A gallery of any size made of real images: the originals, then distorted copies of them, then copies of copies."""

from collections.abc import Iterator
from itertools import islice, permutations

from datasets.distortions import DISTORTIONS
from datasets.errors import BenchmarkError
from datasets.imageset import Image, ImageSet, Item, Source

ORIGINAL = "original"


def variants() -> Iterator[tuple[str, ...]]:
    """Which distortions a copy goes through: none, each one, then every two different ones in both orders."""
    for length in range(3):
        yield from permutations(DISTORTIONS, length)


def repeated(originals: ImageSet, size: int) -> ImageSet:
    """`size` images: all originals under one variant, then all under the next. A smaller gallery begins a larger one.

    An image's id is "original-id#distortion+distortion" (or "#original"), its label the original's. Raises
    BenchmarkError where there are too few originals.
    """
    chains = list(islice(variants(), -(-size // len(originals))))
    if size > len(chains) * len(originals):
        raise BenchmarkError(
            f"{len(originals):,} images and their distorted copies make {len(chains) * len(originals):,}, not "
            f"{size:,}; ask for fewer, or name a larger subset"
        )
    names = ["+".join(chain) or ORIGINAL for chain in chains]
    items = (Item(f"{item.id}#{name}", item.label) for name in names for item in originals.items)
    return ImageSet(tuple(islice(items, size)), _Variants(originals.source))


class _Variants:
    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, id: str) -> bytes:
        return self._source.read(id.rpartition("#")[0])

    def decode(self, data: bytes, id: str) -> Image:
        original, _, names = id.rpartition("#")
        image = self._source.decode(data, original)
        for name in () if names == ORIGINAL else names.split("+"):
            image = DISTORTIONS[name](image)
        return image
