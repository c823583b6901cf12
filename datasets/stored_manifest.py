"""What the two kinds of manifest share: a hash, a JSON form that is checked when read, and a cache on disk."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from datasets.dataset import Dataset
from datasets.errors import BenchmarkError, DataError
from datasets.imageset import Item
from datasets.notes import note_damage
from datasets.origin_note import SYNTHETIC, UNSTATED, DataOrigin
from datasets.reading import require_regular
from datasets.records import Record, Role, content_hash
from datasets.replacing import write_atomically
from datasets.seals import sealed, unsealed
from datasets.sources import function_digest, module_digests

_HASH_LENGTH = 64
FORMAT = 1
"""Raised when what a manifest holds changes: older cached manifests are then made anew."""


@dataclass(frozen=True, kw_only=True)
class StoredManifest:
    """The images of one subset, every one of them read and decoded; the broken ones are in `skipped`.

    `dataset` is the data set's title, `skipped` holds (id, reason), `origin` says where the images come from (beside
    the content: it is no part of the hash); `source` is the data set the pixels come from and no part of the manifest's
    value.
    """

    dataset: str
    subset: str
    synthetic: bool
    completeness: str
    records: tuple[Record, ...]
    skipped: tuple[tuple[str, str], ...]
    source: Dataset = field(repr=False, compare=False)
    origin: DataOrigin = UNSTATED
    cut_short: tuple[str, ...] = ()
    """Ids of usable images that lack their last bytes."""

    @cached_property
    def hash(self) -> str:
        """sha256 over id, label, role and digest of every record: equal hashes mean equal content."""
        return content_hash(self._content())

    @property
    def heading(self) -> str:
        """The data set as people read it: "imdb-wiki (stand-in: 12 celebrities)"."""
        return self.dataset if self.synthetic else self.origin.shown(self.dataset)

    def _content(self) -> list[tuple[object, ...]]:
        return [(record.id, record.label, record.role, record.sha256) for record in self.records]

    def to_json(self) -> str:
        """The manifest as text; `from_json` reads it back."""
        document: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "source"}
        document["origin"] = asdict(self.origin)
        if not self.cut_short:  # nothing to say, as before it could be said
            del document["cut_short"]
        document["records"] = [(r.id, r.label, r.role, r.sha256, dict(r.meta)) for r in self.records]
        return json.dumps(sealed({"kind": type(self).__name__, "format": FORMAT, "hash": self.hash, **document}))

    @classmethod
    def from_json(cls, text: str, dataset: Dataset) -> Self:
        """The manifest in `text`, its images read from `dataset`; raises DataError if it is damaged or another's."""
        try:
            document = unsealed(json.loads(text))
            kind, version, hash = (document.pop(key) for key in ("kind", "format", "hash"))
            if (kind, version) != (cls.__name__, FORMAT):
                raise ValueError(f"it is a {kind} of format {version}, not a {cls.__name__} of format {FORMAT}")
            document["records"] = tuple(Record(*values) for values in document["records"])
            document["skipped"] = tuple(map(tuple, document["skipped"]))
            document["cut_short"] = tuple(document.get("cut_short", ()))
            document["origin"] = stored_origin(document)
            manifest = cls(**cls._restored(document), source=dataset)
            if manifest.hash != hash:
                raise ValueError("its hash differs")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DataError(f"damaged manifest of {dataset.title} ({error}); let it be made again") from error
        if (manifest.dataset, manifest.synthetic) != (dataset.title, dataset.synthetic):
            raise DataError(f"a manifest of {manifest.dataset} does not fit {dataset.title}; open the former")
        return manifest

    @classmethod
    def _restored(cls, document: dict[str, Any]) -> dict[str, Any]:
        """The fields a subclass adds, turned back from JSON's lists."""
        return document


def stored_document(text: str, hash: str) -> dict[str, Any]:
    """The JSON object of a manifest that is kept under its hash, without its data set.

    Raises ValueError or TypeError where it is damaged, a single label changed say.
    """
    document = unsealed(json.loads(text))
    if len(hash) == _HASH_LENGTH:
        rows = [record[:4] for record in document["records"]]
        if content_hash([*rows, *document.get("pairs", ())]) != hash:
            raise ValueError("its records are not those of its hash")
    return document


def stored_origin(document: Mapping[str, Any]) -> DataOrigin:
    """The origin in a manifest's JSON; unstated in one written before manifests held it."""
    unknown = SYNTHETIC if document["synthetic"] else UNSTATED
    return DataOrigin(**document["origin"]) if "origin" in document else unknown


_REMEDY = "the images are listed again"

Stored = TypeVar("Stored", bound=StoredManifest)


def cached(
    kind: type[Stored],
    dataset: Dataset,
    key: Sequence[object] | None,
    cache_dir: Path | None,
    build: Callable[[], Stored],
    again: bool = False,
) -> Stored:
    """The manifest kept under `key` in `cache_dir`, else what `build` returns, which is then kept.

    With no key or no `cache_dir` nothing is kept; a damaged entry is made anew, and any with `again`. Raises DataError
    if the cache cannot be written.
    """
    if cache_dir is None or key is None:
        return build()
    path = cache_dir / f"{content_hash([[kind.__name__, *key]])}.json"
    if not again:
        try:
            require_regular(path)
            return kind.from_json(path.read_text(encoding="utf-8"), dataset)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, UnicodeDecodeError, BenchmarkError) as error:
            note_damage(path, error, _REMEDY)
    manifest = build()
    try:
        with write_atomically(path) as file:
            file.write(manifest.to_json().encode())
    except OSError as error:
        raise DataError(f"{cache_dir} cannot be written ({error.strerror}); choose another output folder") from error
    return manifest


def cache_key(dataset: Dataset, subset: str, wanted: Sequence[tuple[Item, Role]]) -> list[object] | None:
    """Everything a manifest depends on; None if the data set cannot say cheaply whether its content changed."""
    fingerprint = dataset.fingerprint([item for item, _ in wanted])
    if fingerprint is None:
        return None
    content = content_hash([item.id, item.label, role, dict(item.meta)] for item, role in wanted)
    decoding = [*module_digests(("datasets.cut_short",)).values(), function_digest(type(dataset).decode)]
    return [FORMAT, dataset.title, dataset.synthetic, subset, fingerprint, content, decoding]
