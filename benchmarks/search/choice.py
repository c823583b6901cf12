"""Which method to search with when nobody says: the best that stored tables know and that runs here."""

import csv
from pathlib import Path

from benchmarks.inventory import can_run
from benchmarks.search.dataset_gallery import DatasetGallery
from benchmarks.search.errors import SearchError
from benchmarks.search.gallery import Gallery
from datasets.errors import BenchmarkError
from methods.registry import Registry

ORDER = ("efficientnet-lite0", "mobilenetv2", "hog", "phash")
"""For images of anything, best first: the order of the standard tables on CIFAR-10, and a hash where nothing else runs.
"""
FACES_FIRST = ("mtcnn-facenet", "dlib-resnet")


def default_method(gallery: Gallery, registry: Registry, tables: Path, weights: Path | None) -> str:
    """The id of the method with the highest hit@1 on the gallery in `tables`/overview.csv, of those that run here.

    Supervised methods and canaries are never chosen. For a folder, or without tables, the first of a fixed order.
    """
    names = [*_by_table(gallery, tables / "overview.csv"), *(FACES_FIRST if gallery.content == "faces" else ()), *ORDER]
    for name in dict.fromkeys(names):
        try:
            spec = registry.get(name)
        except BenchmarkError:  # a plug-in of an earlier run
            continue
        if not spec.supervised and spec.family != "canary" and can_run(spec, weights)[0] == "yes":
            return name
    raise SearchError("none of the usual methods runs here: name one with --method (see `list methods`)")


def _by_table(gallery: Gallery, path: Path) -> list[str]:
    """Methods in the order of hit@1 on this very subset; nothing where it was not run."""
    if not isinstance(gallery, DatasetGallery) or not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            (float(row["hit@1"]), row["method"])
            for row in csv.DictReader(file)
            if f"{row['dataset']}:{row['subset']}" == gallery.title and row["task"] == "retrieval" and row["hit@1"]
        ]
    return [method for _, method in sorted(rows, key=lambda row: -row[0])]
