"""Which method to search with when nobody says: the best that stored tables know and that runs here."""

import csv
import re
from pathlib import Path

from benchmarks.core.inventory import can_run
from benchmarks.search.dataset_gallery import DatasetGallery
from benchmarks.search.errors import SearchError
from benchmarks.search.gallery import Gallery
from datasets.errors import BenchmarkError
from datasets.notes import note
from methods.registry import Registry

PUBLISHED = Path(__file__).parents[2] / "results" / "reference"
"""Published tables of this checkout; not there where the package is installed alone."""
COPIES_FIRST = ("sscd-distilled",)
"""In somebody's own folder it is copies that are looked for, and these are made to find them."""
ORDER = ("efficientnet-lite0", "mobilenetv2", "hog", "phash")
"""For images of anything, best first: the order of the standard tables on CIFAR-10, and a hash where nothing else runs.
"""
LOCAL = "sift-indexed"
MOST_LOCAL = 5_000
"""Images of a folder; the local features of more take minutes to make, and memory at every search."""
FACES_FIRST = ("mtcnn-facenet", "dlib-resnet")


def default_method(gallery: Gallery, registry: Registry, tables: Path, weights: Path | None) -> str:
    """The id of the method with the highest hit@1 on the gallery, of those that run here.

    By overview.csv in `tables`, or else the published one (see `overviews`), whichever first knows the gallery.
    Supervised methods and canaries are never chosen. For a folder, or without tables, the first of a fixed order;
    in a folder those made to find copies come first.
    """
    known = next(filter(None, (_by_table(gallery, path) for path in overviews(tables))), [])
    copies = () if isinstance(gallery, DatasetGallery) else COPIES_FIRST
    names = [*known, *(FACES_FIRST if gallery.content == "faces" else ()), *copies, *ORDER]
    for name in dict.fromkeys(names):
        try:
            spec = registry.get(name)
        except BenchmarkError:  # a plug-in of an earlier run
            continue
        if not spec.supervised and spec.family != "canary" and can_run(spec, weights)[0] == "yes":
            return name
    raise SearchError("none of the usual methods runs here: name one with --method (see `list methods`)")


def local_method(gallery: Gallery, registry: Registry, weights: Path | None) -> str | None:
    """What finds a part of a picture beside the default method, in a folder; None where it does not run or is slow."""
    if isinstance(gallery, DatasetGallery) or len(gallery) > MOST_LOCAL:
        return None
    return LOCAL if can_run(registry.get(LOCAL), weights)[0] == "yes" else None


def suggested(gallery: Gallery, registry: Registry, tables: Path, weights: Path | None) -> list[str]:
    """The default method, and the one that finds parts of pictures, where it is quick enough."""
    best = default_method(gallery, registry, tables, weights)
    beside = local_method(gallery, registry, weights)
    return [best] if beside in (None, best) else [best, str(beside)]


def overviews(tables: Path) -> list[Path]:
    """Overviews that are there: a user's own in `tables`, then the published one of this checkout."""
    own, published = tables / "overview.csv", PUBLISHED / "overview.csv"
    return [path for path in (own, published) if path.is_file()]


def _by_table(gallery: Gallery, path: Path) -> list[str]:
    """Methods in the order of hit@1 on this very subset; nothing where it was not run."""
    if not isinstance(gallery, DatasetGallery):
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [
                (float(row["hit@1"]), row["method"])
                for row in csv.DictReader(file)
                if _plain(f"{row['dataset']}:{row['subset']}") == _plain(gallery.title)
                and row["task"] == "retrieval"
                and row["hit@1"]
            ]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        note(f"stored file damaged: {path} ({type(error).__name__}: {error}); `report` makes it again")
        return []
    return [method for _, method in sorted(rows, key=lambda row: -row[0])]


def _plain(title: str) -> str:
    """A title without what it says of the data's origin; a generated substitute stays apart from the data set."""
    return re.sub(r" \((?!synthetic\)).*?\)", "", title)
