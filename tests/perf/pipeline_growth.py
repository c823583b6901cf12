"""How time and memory of a whole run grow with the images and with the labels: plan, cell, tables, report.

    python -m tests.perf.pipeline_growth [folder]

Folders of small drawn JPEGs are made, and `pixels` is run on each with the canaries, for retrieval; every stage is a
process of its own. Prints the tables of docs/measurements/growth.md; c of n^c is the slope of the logarithms.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES, LABELS = (1_000, 10_000, 100_000), (10, 100, 1_000, 5_749)
FEW_LABELS, FEW_IMAGES = 100, 20_000
"""How many of the other there are while one of both grows."""
SIDE = 32
STAGES = ("plan", "run", "tables", "report")
_TABLES = (
    "import sys; from pathlib import Path; from benchmarks.core.store import Store; "
    "from benchmarks.reporting.publishing.write import write_tables; from methods.registry import load_registry; "
    "out = Path(sys.argv[1]); write_tables(Store(out), load_registry(), out)"
)


def drawn(folder: Path, images: int, labels: int) -> Path:
    """So many JPEGs below `folder`, each with a colour of its label and noise of its own."""
    random = np.random.default_rng(0)
    colours = random.integers(40, 216, (labels, 3))
    for number in range(images):
        label = number % labels
        place = folder / f"label-{label:04d}"
        if number < labels:
            place.mkdir(parents=True)
        noise = random.integers(-40, 40, (SIDE, SIDE, 3))
        Image.fromarray((colours[label] + noise).astype(np.uint8)).save(place / f"{number:06d}.jpg", quality=90)
    return folder


def watched(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and MiB at the peak of the command's own process; its children are not counted."""
    start, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        status = Path("/proc", str(process.pid), "status")
        while process.poll() is None:
            lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            peak = max([peak, *(int(line.split()[1]) for line in lines)])
            time.sleep(0.02)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} ended with {process.returncode}: {said.read().decode()[-2000:]}")
    return time.perf_counter() - start, peak / 1024


def measured(photos: Path, out: Path) -> dict[str, tuple[float, float]]:
    """Seconds and MiB of each stage over one folder, and of the slowest cell; MiB of the report's file."""
    run = [sys.executable, "-m", "benchmarks", "run", "-m", "pixels", "-d", f"folder:{photos}", "--subset", "full"]
    run += ["--task", "retrieval", "--out", str(out), "--timeout", "7200"]
    found = {
        "plan": watched([*run, "--dry-run"]),
        "run": watched(run),
        "tables": watched([sys.executable, "-c", _TABLES, str(out)]),
        "report": watched([sys.executable, "-m", "benchmarks", "report", "--out", str(out)]),
    }
    rows = [json.loads(path.read_text()) for path in out.glob("cells/**/cell.json")]
    (pixels,) = [row for row in rows if row["cell"]["method"] == "pixels"]
    found["cell of pixels"] = pixels["wall_s"], pixels["memory"]["peak"] / 2**20
    found["cell of random"] = next(
        (row["wall_s"], row["memory"]["peak"] / 2**20) for row in rows if row["cell"]["method"] == "random"
    )
    found["report file"] = 0.0, (out / "report" / "index.html").stat().st_size / 2**20
    return found


def table(what: str, sizes: Sequence[int], found: Sequence[dict[str, tuple[float, float]]]) -> None:
    """Print one table: a line a stage, seconds and MiB at each size, the exponents of both."""
    print(f"| {what} | " + " | ".join(f"{size:,}" for size in sizes) + " | time | memory |")
    print("|:--|" + "--:|" * (len(sizes) + 2))
    logs = np.log(sizes)
    for stage in found[0]:
        seconds, mib = (np.array([each[stage][place] for each in found]) for place in (0, 1))
        cells = [f"{s:.1f} s, {m:,.0f} MiB" if s else f"{m:.1f} MiB" for s, m in zip(seconds, mib, strict=True)]
        slopes = [
            f"n^{np.polyfit(logs, np.log(column), 1)[0]:.2f}" if column.all() else "" for column in (seconds, mib)
        ]
        print(f"| {stage} | " + " | ".join([*cells, *slopes]) + " |", flush=True)


def main(folder: Path) -> None:
    """Print both tables."""
    for what, sizes in (("images", IMAGES), ("labels", LABELS)):
        found = []
        for size in sizes:
            counts = (size, FEW_LABELS) if what == "images" else (FEW_IMAGES, size)
            place = folder / f"{what}-{size}"
            found.append(measured(drawn(place / "photos", *counts), place / "out"))
            print(f"{what} {size}: {found[-1]}", file=sys.stderr, flush=True)
        table(what, sizes, found)
        print()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as name:
            main(Path(name))
