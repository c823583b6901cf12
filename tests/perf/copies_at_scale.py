"""Time and peak memory of `duplicates` for 2,000 and 100,000 pictures, each method in a process of its own.

    python tests/perf/copies_at_scale.py --out FOLDER [--sizes 2000 100000] [--page FILE.md]

The pictures are drawn (96 pixels a side, shapes on a slope of colour), every hundredth one a copy of the one before at
half its size. Reading, hashing, comparing and grouping are timed together, for a folder that was never read before and
then once more. Processor seconds count all threads and say less of other work on the machine than seconds do.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from copies_beside_imagededup import measured_where  # noqa: E402

from benchmarks.files import write_text  # noqa: E402

SIDE = 96
EVERY = 100
"""Of so many pictures one is a copy."""
METHODS = ("copies", "phash")
_CHILD = """
import json, resource, sys, time
from pathlib import Path
from benchmarks.duplicates.finding import find_copies
from benchmarks.search.searcher import Places
folder, method, index = sys.argv[1:]
begun = time.perf_counter()
finding = find_copies(Path(folder), method, Places(Path(index)))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": time.perf_counter() - begun, "processor": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024,
    "spare": finding.spare, "local": not any("hashes and whole" in note for note in finding.notes),
}))
"""


def drawn(seed: int) -> np.ndarray:
    """A picture (SIDE, SIDE, 3) uint8 like no other."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, 1, SIDE)[None, :, None] * rng.integers(40, 160, 3) + rng.integers(20, 90, 3)
    image = np.broadcast_to(slope, (SIDE, SIDE, 3)).astype(np.uint8).copy()
    for x, y, width, height, *colour in rng.integers(0, SIDE, (14, 7)).tolist():
        shade = [2 * each + 40 for each in colour]
        if (x + y) % 2:
            cv2.rectangle(image, (x, y), (x + width // 2 + 4, y + height // 2 + 4), shade, -1)
        else:
            cv2.circle(image, (x, y), width // 4 + 4, shade, -1)
    return image


def draw(root: Path, count: int) -> int:
    """Write `count` pictures, a thousand to a folder; how many are copies."""
    copies = 0
    for number in range(count):
        folder = root / f"{number // 1000:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        image = drawn(number - 1 if number % EVERY == 1 else number)
        if number % EVERY == 1:
            copies += 1
            image = cv2.resize(image, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{number:06d}.png"), image)
    return copies


def measured(root: Path, method: str, index: Path) -> dict[str, float]:
    """One call in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(root), method, str(index)], capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"{method} on {root}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Draw, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 100_000])
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    heads = (
        "pictures",
        "method",
        "copies planted",
        "found",
        "first call, s",
        "its processor s",
        "again, s",
        "peak MiB",
    )
    lines = ["| " + " | ".join(heads) + " |", "|--:|:--|" + "--:|" * (len(heads) - 2)]
    for size in asked.sizes:
        root = asked.out / f"pictures-{size}"
        begun = time.perf_counter()
        copies = draw(root, size)
        print(f"{size:,} pictures drawn in {time.perf_counter() - begun:.0f} s", flush=True)
        for method in METHODS:
            index = asked.out / f"index-{size}-{method}"
            first, again = measured(root, method, index), measured(root, method, index)
            name = method if first["local"] or method != "copies" else f"{method}, by hashes alone"
            cells = (f"{size:,}", name, f"{copies:,}", f"{first['spare']:,}", f"{first['seconds']:,.0f}")
            more = (f"{first['processor']:,.0f}", f"{again['seconds']:,.0f}", f"{max(first['mib'], again['mib']):,.0f}")
            lines.append("| " + " | ".join((*cells, *more)) + " |")
            print(lines[-1], flush=True)
    text = "\n".join(lines)
    print(f"drawing took at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    if asked.page:
        write_text(asked.page, f"# Time and memory\n\n{measured_where()} Other work ran at the same time.\n\n{text}\n")


if __name__ == "__main__":
    main()
