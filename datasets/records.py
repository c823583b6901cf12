"""One record an image that was read and decoded once: what it is, what it is for, and its content's digest."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple

from datasets.cut_short import was_cut_short
from datasets.dataset import Dataset
from datasets.errors import ImageError
from datasets.imageset import ImageSet, Item

THREADS = 2
"""Decoders at once; Pillow and hashlib leave the interpreter free while they work."""

Role = Literal["gallery", "query", "pair"]


@dataclass(frozen=True)
class Record:
    """One usable image of a manifest; `sha256` is the hex digest of its encoded bytes."""

    id: str
    label: str
    role: Role
    sha256: str
    meta: Mapping[str, object]


class Examined(NamedTuple):
    """Records of the usable images, (id, reason) of the others, and ids of usable ones that lack their last bytes."""

    records: list[Record]
    skipped: list[tuple[str, str]]
    cut_short: list[str]


def examine(dataset: Dataset, wanted: Sequence[tuple[Item, Role]]) -> Examined:
    """Read and decode each item once; all in the order of `wanted`."""
    cut_short: set[str] = set()

    def one(entry: tuple[Item, Role]) -> Record | tuple[str, str]:
        item, role = entry
        try:
            data = dataset.read(item.id)
            dataset.decode(data, item.id)
        except ImageError as error:
            return item.id, str(error)
        if was_cut_short(data):
            cut_short.add(item.id)
        return Record(item.id, item.label, role, hashlib.sha256(data).hexdigest(), item.meta)

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(one, wanted))
    records = [r for r in results if isinstance(r, Record)]
    shortened = list(dict.fromkeys(record.id for record in records if record.id in cut_short))
    return Examined(records, [r for r in results if not isinstance(r, Record)], shortened)


def imageset(records: Iterable[Record], dataset: Dataset) -> ImageSet:
    """The records' images, with digests."""
    records = list(records)
    items = [Item(record.id, record.label, record.meta) for record in records]
    return ImageSet(items, dataset, [record.sha256 for record in records])


def content_hash(content: Iterable[Sequence[object]]) -> str:
    """sha256 hex digest over rows of plain values, in order."""
    digest = hashlib.sha256()
    for row in content:
        digest.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()
