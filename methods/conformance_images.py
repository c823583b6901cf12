"""Small made-up pictures, write-protected, for trying out a method without any data set."""

from collections.abc import Sequence

import numpy as np

from datasets.imageset import Image, ImageSet, Item


class MemorySource:
    """Pictures by id, kept in memory; decoding views immutable bytes, so a method that writes to them is stopped."""

    def __init__(self, pictures: dict[str, Image]) -> None:
        self._shapes = {id: picture.shape for id, picture in pictures.items()}
        self._records = {id: picture.tobytes() for id, picture in pictures.items()}

    def read(self, id: str) -> bytes:
        """The pixels' bytes."""
        return self._records[id]

    def decode(self, data: bytes, id: str) -> Image:
        """The pixels, read-only."""
        return np.frombuffer(data, dtype=np.uint8).reshape(self._shapes[id])


def in_memory(*sets: ImageSet) -> ImageSet:
    """The images of `sets`, one after the other, as one write-protected ImageSet. Ids must be distinct."""
    items = [item for images in sets for item in images.items]
    pictures = [picture for images in sets for picture in images]
    return ImageSet(items, MemorySource({item.id: picture for item, picture in zip(items, pictures, strict=True)}))


def with_labels(images: ImageSet, labels: Sequence[str]) -> ImageSet:
    """The same images under other labels."""
    items = [Item(item.id, label, item.meta) for item, label in zip(images.items, labels, strict=True)]
    return ImageSet(items, images.source)


def structured_images(labels: int = 5, each: int = 4, seed: int = 0) -> ImageSet:
    """Coloured discs and bars: a label shares its picture, an image of it has its own size, light and noise."""
    rng = np.random.default_rng(seed)
    pictures, items = {}, []
    for label in range(labels):
        drawing = _drawing(rng)
        for number in range(each):
            item = Item(f"{label}-{number}", f"label {label}")
            items.append(item)
            pictures[item.id] = _variant(drawing, rng)
    return ImageSet(items, MemorySource(pictures))


def odd_images() -> ImageSet:
    """Pictures that are legal and unusual: one pixel, one line, one colour, grey noise, nearly nothing."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 1), dtype=np.uint8)
    pictures = {
        "one pixel": np.full((1, 1, 3), 200, np.uint8),
        "one row": np.tile(np.arange(90, dtype=np.uint8)[None, :, None], (1, 1, 3)),
        "one column": np.tile(np.arange(90, dtype=np.uint8)[:, None, None], (1, 1, 3)),
        "black": np.zeros((32, 32, 3), np.uint8),
        "white": np.full((50, 20, 3), 255, np.uint8),
        "grey noise": np.tile(noise, (1, 1, 3)),
    }
    return ImageSet([Item(id, f"odd {n % 2}") for n, id in enumerate(pictures)], MemorySource(pictures))


def _drawing(rng: np.random.Generator, side: int = 96) -> Image:
    y, x = np.mgrid[:side, :side]
    picture = np.tile(rng.integers(0, 256, 3, dtype=np.uint8), (side, side, 1))
    for shape in range(12):
        row, column, reach = (int(number) for number in rng.integers((0, 0, 6), (side, side, side // 4)))
        disc = (y - row) ** 2 + (x - column) ** 2 < reach**2
        bar = (abs(y - row) < reach // 3) & (abs(x - column) < reach)
        picture[disc if shape % 2 else bar] = rng.integers(0, 256, 3)
    return picture


def _variant(drawing: Image, rng: np.random.Generator) -> Image:
    margins = rng.integers(0, 6, 4)
    cut = drawing[margins[0] : len(drawing) - margins[1], margins[2] : len(drawing) - margins[3]]
    light = rng.uniform(0.8, 1.1)
    return np.clip(cut * light + rng.normal(0, 4, cut.shape), 0, 255).astype(np.uint8)
