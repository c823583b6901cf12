"""A subset of a data set as a gallery: exactly the images that a run searches in."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.search.errors import SearchError
from benchmarks.search.gallery import Advance, Skipped, silent
from datasets.dataset import Content
from datasets.imageset import Image, Item
from datasets.manifest import Manifest, build_manifest
from datasets.registry import open_dataset, parse_dataset
from datasets.words import count_of

DEFAULT_SUBSET = "standard"


class DatasetGallery:
    """The gallery of one subset's manifest; its queries calibrate the verdict."""

    def __init__(self, name: str, data_dir: Path | None, index_dir: Path) -> None:
        """Opens "lfw" or "lfw:smoke"; raises UnknownNameError or DataError. A stand-in says that it is one."""
        dataset_name, subset = parse_dataset(name)
        self.dataset = open_dataset(dataset_name, data_dir)
        self.subset = subset or DEFAULT_SUBSET
        self.name = dataset_name
        self.content: Content = self.dataset.content
        self.title = f"{self.dataset.title}:{self.subset}"
        self.key = re.sub(r"[^A-Za-z0-9]+", "-", self.title)
        self._manifests = index_dir / "manifests"
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        """What was read by `update`."""
        if self._manifest is None:
            self._manifest = build_manifest(self.dataset, self.subset, self._manifests)
        return self._manifest

    def update(self, advance: Advance = silent, again: bool = False) -> None:
        """Read, decode and hash each image once; again only when the data set's files changed, or with `again`."""
        advance(f"reading {self.title}", 0, None)
        self._manifest = build_manifest(self.dataset, self.subset, self._manifests, again)

    def __len__(self) -> int:
        return len(self.manifest.gallery)

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Position and sha256 of every gallery image."""
        return ((number, bytes.fromhex(digest)) for number, digest in enumerate(self.manifest.gallery.digests or ()))

    def digest(self, id: int) -> bytes:
        """As the manifest has it."""
        self.item(id)
        return bytes.fromhex((self.manifest.gallery.digests or ())[id])

    def holding(self, sha256: bytes) -> tuple[int, ...]:
        """Positions."""
        digest = sha256.hex()
        return tuple(id for id, each in enumerate(self.manifest.gallery.digests or ()) if each == digest)

    def item(self, id: int) -> Item:
        """The data set's own item."""
        if not 0 <= id < len(self):
            raise SearchError(f"no image has the number {id} in {self.title}")
        return self.manifest.gallery.items[id]

    def at(self, path: Path) -> int | None:
        """None: a data set's images are known by its own ids, not by files."""
        return None

    def read(self, id: int) -> bytes:
        """Encoded bytes."""
        return self.dataset.read(self.item(id).id)

    def decode(self, data: bytes, id: int) -> Image:
        """RGB pixels."""
        return self.dataset.decode(data, self.item(id).id)

    def mark_broken(self, sha256: bytes, reason: str) -> None:
        """Never needed where nothing changes: a manifest holds images that were decoded."""
        raise SearchError(f"{self.title} changed while it was read ({reason}); search again")

    def notes(self) -> tuple[str, ...]:
        """Images that are used although their files lack their last bytes; completeness says what else is there."""
        count = len(self.manifest.cut_short)
        files = count_of(count, "file lacks its last bytes and is", "files lack their last bytes and are")
        return (f"{files} read with the rest grey",) if count else ()

    def skipped(self) -> Skipped:
        """What the manifest left out."""
        return Skipped(len(self.manifest.skipped), self.manifest.skipped[:10])
