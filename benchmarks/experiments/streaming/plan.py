"""What is streamed: methods that search an encoder's rows exactly as they are, over a gallery of any size.

The gallery is made of real images: the originals, then distorted copies of them, then copies of copies.
"""

from collections.abc import Iterator
from itertools import islice, permutations

from datasets.distortions import DISTORTIONS
from datasets.errors import BenchmarkError
from datasets.imageset import Image, ImageSet, Item, Source
from methods.building import resolve
from methods.contracts import Index
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.spec import MethodSpec

ORIGINAL = "original"


def build_index(spec: MethodSpec) -> Index:
    """The index of a spec, empty; raises BenchmarkError where it is no exact one, or there are transforms before it."""
    if spec.encoder is None or spec.index is None:
        raise BenchmarkError(f"{spec.id} has no encoder: stream takes methods made of an encoder and an index")
    if spec.transforms:
        raise BenchmarkError(f"{spec.id} transforms its vectors: stream takes an encoder's rows as they are")
    index = resolve(spec.index)(**spec.index.params)
    if not isinstance(index, ExactIndex | HammingIndex):
        instead = f"; take {spec.reference}" if spec.reference else ""
        raise BenchmarkError(f"{spec.id} does not search by brute force, as stream does{instead}")
    return index


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
