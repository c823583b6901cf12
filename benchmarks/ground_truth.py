"""What is right in a subset, from its stored manifest alone: scoring needs neither the data set nor a model."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from datasets.errors import DataError
from datasets.origin_note import UNSTATED, DataOrigin
from datasets.registry import DATASETS
from datasets.stored_manifest import stored_document, stored_origin


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Ids and labels of gallery (n,) and queries (q,), and what tables say of the data set."""

    title: str
    subset: str
    completeness: str
    skipped: tuple[tuple[str, str], ...]
    gallery_ids: np.ndarray
    gallery_labels: np.ndarray
    query_ids: np.ndarray
    query_labels: np.ndarray
    origin: DataOrigin = UNSTATED
    synthetic: bool = False

    @property
    def heading(self) -> str:
        """The title with where the images come from: "imdb-wiki (stand-in: 12 celebrities)"."""
        return self.title if self.synthetic else self.origin.shown(self.title)

    @property
    def where(self) -> str:
        """The heading and the subset, colon between."""
        return f"{self.heading}:{self.subset}"

    def page(self, subject: str) -> str:
        """A file name for tables about these images: lfw-standard-retrieval, lfw-synthetic-smoke-retrieval.

        What a title adds in brackets to the name of a registered data set is left out: files keep their names.
        """
        title = self.title.partition(" (")[0] + " synthetic" * self.synthetic if self.is_registered else self.title
        title = "".join(character if character.isalnum() or character == "-" else " " for character in title)
        return "-".join([*title.split(), self.subset, subject])

    @property
    def is_registered(self) -> bool:
        """Whether the images are of a registered data set (or stand in for it), not of a user's folder."""
        return self.title.partition(" (")[0] in DATASETS

    def asked_as(self, subset: str) -> "GroundTruth":
        """The same images under the name of the subset that was asked for.

        Two subsets may hold the same images, and so share one manifest, which bears the name of the first.
        """
        return replace(self, subset=subset)


def read_ground_truth(path: Path) -> GroundTruth:
    """Read a manifest kept by the store; raises DataError where it is gone or damaged."""
    return _read(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=32)
def _read(path: Path, mtime: int) -> GroundTruth:
    """`mtime` tells versions apart: the note on the images' origin may change beside them."""
    try:
        document = stored_document(path.read_text(encoding="utf-8"), path.stem)
        columns = {
            role: np.array([record[:2] for record in document["records"] if record[2] == role], dtype=np.str_)
            for role in ("gallery", "query")
        }
        gallery, queries = (columns[role].reshape(-1, 2) for role in ("gallery", "query"))
        return GroundTruth(
            title=document["dataset"],
            subset=document["subset"],
            completeness=document["completeness"],
            skipped=tuple(map(tuple, document["skipped"])),
            gallery_ids=gallery[:, 0],
            gallery_labels=gallery[:, 1],
            query_ids=queries[:, 0],
            query_labels=queries[:, 1],
            origin=stored_origin(document),
            synthetic=bool(document["synthetic"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"stored file damaged: manifest {path} cannot be read ({said}); run the cells again, and it is made anew"
        ) from error
