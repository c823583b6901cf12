"""CIFAR-10 (Krizhevsky 2009) from its binary batches: 32x32 images of ten classes, one byte of label before each."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from datasets.dataset import Dataset, Split
from datasets.errors import DataError, ImageError
from datasets.files import stat_fingerprint
from datasets.imageset import Image, Item
from datasets.origin_note import DataOrigin, altered_files, origin_of
from datasets.origins import CIFAR10_BATCHES_SHA1
from datasets.reading import require_regular
from datasets.selection import check_subset

SIDE = 32
PIXEL_BYTES = 3 * SIDE * SIDE
RECORD_BYTES = 1 + PIXEL_BYTES
BATCH_RECORDS = 10_000
TRAIN_BATCHES = 5
CLASSES = 10

SIZES = {
    "smoke": (150, 50),
    # 4,000 rather than some 1,000 gallery images: they are 32x32 and cost a hundredth of a photograph, and nearest
    # neighbours in so small a gallery would say little about ten classes.
    "standard": (4_000, 500),
}
"""Gallery and query images of the sampled subsets."""


class Cifar10(Dataset):
    """The official binary layout, `root/cifar-10-batches-bin/{data_batch_1..5,test_batch}.bin`.

    Batches may be absent or cut off at a whole record. The gallery comes from the training records, the queries from
    the test records. Ids, "train/00017" and "test/00003", number the official records, so they do not depend on how
    much is here; labels are class names. The encoded form of an image is its record's 3,072 bytes (the red plane, then
    green, then blue, row by row). The files are memory-mapped: instances are small, and map them anew once unpickled.
    """

    name = "cifar10"
    content = "objects"

    def __init__(self, root: Path) -> None:
        """Raises DataError if a file is malformed, or there are no training or no test records."""
        self.root = root
        self.folder = root / "cifar-10-batches-bin"
        train = [(f"data_batch_{number + 1}.bin", number * BATCH_RECORDS) for number in range(TRAIN_BATCHES)]
        self._batches = {"train": self._present(train), "test": self._present([("test_batch.bin", 0)])}
        self._maps: dict[Path, np.ndarray] = {}
        self._classes = _class_names(self.folder / "batches.meta.txt")

    def __getstate__(self) -> dict[str, object]:
        """Memory maps stay behind: pickled, they would be copied as whole arrays."""
        return {**self.__dict__, "_maps": {}}

    def items(self) -> Sequence[Item]:
        """Every record that is here, training records first, in the archive's order."""
        return self._items["train"] + self._items["test"]

    def split(self, subset: str) -> Split:
        """Gallery of training and queries of test records, the classes balanced (the standard gallery as it comes)."""
        check_subset(self.name, subset, self.subsets)
        train, test = self._items["train"], self._items["test"]
        if subset == "full":
            return Split(train, test)
        gallery, queries = SIZES[subset]
        balanced = subset == "smoke"
        return Split(_first_of_each(train, gallery) if balanced else train[:gallery], _first_of_each(test, queries))

    def read(self, id: str) -> bytes:
        """The 3,072 pixel bytes of one record; raises ImageError for an id that is not here."""
        part, _, number = id.partition("/")
        for path, first, count in self._batches.get(part, ()):
            if number.isdecimal() and first <= int(number) < first + count:
                return self._records(path)[int(number) - first, 1:].tobytes()
        raise ImageError(f"{id}: no such record in {self.folder}")

    def decode(self, data: bytes, id: str) -> Image:
        """(32, 32, 3) RGB uint8 of a record's pixel bytes."""
        if len(data) != PIXEL_BYTES:
            raise ImageError(f"{id}: {len(data)} bytes are no CIFAR-10 image, which has {PIXEL_BYTES:,}")
        planes = np.frombuffer(data, dtype=np.uint8).reshape(3, SIDE, SIDE)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))

    def fingerprint(self, items: Sequence[Item]) -> str:
        """Changes when one of the batch files does."""
        return stat_fingerprint(path for batches in self._batches.values() for path, _, _ in batches)

    def completeness(self) -> str:
        """ "complete", or "4,000 of 50,000 training and 1,000 of 10,000 test images"."""
        train, test = len(self._items["train"]), len(self._items["test"])
        if train == TRAIN_BATCHES * BATCH_RECORDS and test == BATCH_RECORDS:
            return "complete"
        return f"{train:,} of 50,000 training and {test:,} of 10,000 test images"

    @cached_property
    def origin(self) -> DataOrigin:
        """The note in `root`, unless the batches' checksums decide."""
        paths = [path for batches in self._batches.values() for path, _, _ in batches]
        altered = altered_files(paths, CIFAR10_BATCHES_SHA1, "sha1", BATCH_RECORDS * RECORD_BYTES)
        deviation = f"not as published: {', '.join(altered)}" if altered else ""
        verified = not altered and len(paths) == len(CIFAR10_BATCHES_SHA1)
        return origin_of(self.root, completeness=self.completeness(), deviation=deviation, verified=verified)

    @cached_property
    def _items(self) -> dict[str, tuple[Item, ...]]:
        return {part: tuple(self._read_labels(part)) for part in self._batches}

    def _read_labels(self, part: str) -> list[Item]:
        items = []
        for path, first, _ in self._batches[part]:
            labels = self._records(path)[:, 0]
            if labels.max() >= CLASSES:
                raise DataError(
                    f"{path}: record {int(labels.argmax())} has label {labels.max()}; download the file again"
                )
            items += [Item(f"{part}/{first + i:05d}", self._classes[label]) for i, label in enumerate(labels.tolist())]
        return items

    def _records(self, path: Path) -> np.ndarray:
        if path not in self._maps:
            self._maps[path] = np.memmap(path, dtype=np.uint8, mode="r").reshape(-1, RECORD_BYTES)
        return self._maps[path]

    def _present(self, names: list[tuple[str, int]]) -> list[tuple[Path, int, int]]:
        """(path, number of its first record, records) of the batches that are here."""
        paths = [(self.folder / name, first) for name, first in names]
        batches = [(path, first, _count_records(path)) for path, first in paths if path.is_file()]
        if not batches:
            raise DataError(f"{paths[0][0]} is missing: unpack the binary version of CIFAR-10 there")
        return batches


def _count_records(path: Path) -> int:
    size = path.stat().st_size
    count, rest = divmod(size, RECORD_BYTES)
    if rest:
        raise DataError(
            f"{path}: {size:,} bytes end {rest:,} bytes into record {count} (of {RECORD_BYTES:,} bytes each); "
            f"download it again, or cut it to {count * RECORD_BYTES:,} bytes"
        )
    if not 1 <= count <= BATCH_RECORDS:
        raise DataError(f"{path}: holds {count:,} records, expected 1 to {BATCH_RECORDS:,}; download it again")
    return count


def _class_names(path: Path) -> list[str]:
    try:
        require_regular(path)
        names = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is missing or unreadable: unpack the binary version of CIFAR-10 there") from error
    if len(names) != CLASSES:
        raise DataError(f"{path}: names {len(names)} classes instead of {CLASSES}; download it again")
    return names


def _first_of_each(items: Sequence[Item], total: int) -> tuple[Item, ...]:
    """The first total / 10 items of each class, in the order they come."""
    taken: dict[str, int] = {}
    kept = []
    for item in items:
        taken[item.label] = taken.get(item.label, 0) + 1
        if taken[item.label] <= total // CLASSES:
            kept.append(item)
    return tuple(kept)
