"""A report for tests: cells run for real on a folder whose names are attacks, or cells made by hand."""

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from bench_support import PLUGIN, Bench
from PIL import Image as PilImage
from stored_cells import StoredCells
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from methods.registry import load_registry
from methods.training.curves import Epoch, write_curves

ATTACK = "<img src=x onerror=window.hacked=1>"
SCRIPT = "</script><script>window.hacked=1</script>"
METHODS = ("random", "constant", "oracle", "pixels", "mean-colour", "svm")


def attacking_report(root: Path) -> Path:
    """`report/index.html` with every section, of a run on a folder whose name and labels are markup."""
    bench = Bench(Store(root / "out"), load_registry([PLUGIN]), _photos(root / f"photos {ATTACK}"))
    bench.store.require_writable()
    rows = bench.run(*METHODS, tasks=("retrieval", "unseen-classes", "robustness"))
    assert all(row["status"] == "ok" for row in rows.values()), [row["reason"] for row in rows.values()]
    add_training(bench.store.root, network=f"cnn {SCRIPT}")
    add_scaling(bench.store.root, method=f"hash {SCRIPT}")
    done = CliRunner().invoke(app, ["report", "--out", str(bench.store.root), "--plugin", str(PLUGIN)])
    assert done.exit_code == 0, done.output
    return bench.store.root / "report" / "index.html"


def _photos(root: Path) -> Path:
    rng = np.random.default_rng(7)
    for number in range(6):
        (root / f"label{number} {ATTACK}").mkdir(parents=True)
        colour = rng.integers(30, 220, size=3)
        for image in range(4):
            pixels = np.clip(colour + rng.normal(0, 25, size=(40, 48, 3)), 0, 255).astype(np.uint8)
            PilImage.fromarray(pixels).save(root / f"label{number} {ATTACK}" / f"{image}.png")
    return root


def add_training(out: Path, network: str) -> None:
    """Curves of three epochs, as a training leaves them."""
    folder = out / "cache" / "models" / "cnn4-abcdef"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps({"network": network, "images": 20, "labels": 5, "view": "a:b_c"}))
    write_curves(folder, [Epoch(n, 0.001, 3.0 / n, 0.2 * n, 3.5 / n, 0.15 * n, 1.0) for n in range(1, 4)])


def add_scaling(out: Path, method: str) -> None:
    """Two points of one method, as `scaling` writes them."""
    head = ["dataset", "subset", "method", "size", "status", "reason", "real", "build_ms", "search_ms", "peak_bytes"]
    rows = [
        [1000, "ok", "", 1000, 3.0, 0.5, 2**24, 0.4, 0.6],
        [2000, "ok", "", 1500, 6.0, 1.0, 2**25, 0.9, 1.1],
        [4000, "timeout", "too slow"],
    ]
    with (out / "scaling.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*head, "search_ms_low", "search_ms_high"])
        writer.writerows(["lfw (synthetic)", "full", method, *row] for row in rows)


class HandMade(StoredCells):
    """Retrieval cells of ten queries over twenty images, with all that tables ask of a row."""

    def __init__(self, root: Path, dataset: str = "lfw") -> None:
        super().__init__(root)
        self.dataset, self.subset = dataset, "standard"
        gallery = [(f"g{n}", f"label{n // 2}") for n in range(20)]
        queries = [(f"q{n}", f"label{n}") for n in range(10)]
        self.hash = self.manifest(gallery, queries, dataset, hash=f"{dataset}-manifest")

    def add(self, method: str, right: int, device: str = "cpu", trained: bool = True, **fields) -> None:
        """A cell whose first `right` queries are answered rightly at once, and the others last of all."""
        orders = [np.roll(np.arange(20), -2 * n) for n in range(10)]
        ids = [order if n < right else order[::-1] for n, order in enumerate(orders)]
        row = {
            "jobs": 1,
            "wall_s": 1.0,
            "inputs": {"manifest": self.hash, "threads": 2, "protocol": 1, "seed": 7},
            "latency": {"p50_ms": 2.0, "p95_ms": 3.0, "p99_ms": 4.0, "mean_ms": 2.0, "samples": 5},
            "stages_ms": {"decode": 0.5, "encode": 1.5},
            "counts": {"gallery": 20, "queries": 10},
            "memory": {"peak": 2**24, "query_peak": 2**23},
            "index_bytes": 400,
            "provenance": {
                "machine": {"cpu": "C", "cores": 2, "memory_gib": 4.0, "gpu": None, "system": "Linux"},
                "git": {"commit": "c" * 40, "dirty": False},
                "packages": {"numpy": "2"},
                "python": "3.11",
            },
        }
        cell = Cell(self.dataset, self.subset, "retrieval", method, device)
        self.cell(cell, self.hash, ids=ids if trained else None, trained=trained, **{**row, **fields})


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of scripts, styles and headings by tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, dict[str, str], str]] = []
        self._open: tuple[str, dict[str, str]] | None = None
        self._text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style", "h2"):
            self._open, self._text = (tag, dict(attrs)), ""

    def handle_data(self, data):
        self._text += data

    def handle_endtag(self, tag):
        if self._open and tag == self._open[0]:
            self.texts.append((*self._open, self._text))
            self._open = None

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]
