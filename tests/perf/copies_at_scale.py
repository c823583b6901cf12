"""Time and peak memory of `duplicates` and `search` for 2,000 and 100,000 pictures: whole commands, cold and warm.

    python tests/perf/copies_at_scale.py --out FOLDER [--sizes 2000 100000] [--page FILE.md]

The pictures are drawn (JPEG, 96 pixels a side, shapes on a slope of colour), every hundredth one a copy of the one
before at half its size. Each command runs twice: in a folder that was never read before, and once more.
Processor seconds count all threads and depend less on other work on the machine than seconds do. The pictures and
indexes are removed at the end.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from copies_beside_imagededup import measured_where  # noqa: E402

from benchmarks.system.files import write_text  # noqa: E402

SIDE = 96
EVERY = 100
"""Of so many pictures one is a copy."""
SOUGHT = 350
"""The number of the picture whose copy is searched for."""
COMMANDS = (("search", "phash"), ("duplicates", "phash"), ("duplicates", "copies"))
HEADS = ("pictures", "command", "copies", "found", "first call, s", "its processor s", "again, s", "peak MiB")


@dataclass(frozen=True)
class Call:
    """One command in a process of its own."""

    seconds: float
    processor: float
    mib: float
    answer: Any


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
        cv2.imwrite(str(folder / f"{number:06d}.jpg"), image)
    return copies


def called(command: str, method: str, root: Path, index: Path) -> Call:
    """Run `duplicates` or `search` on the folder `root`; raises SystemExit with its last words where it fails."""
    line = [sys.executable, "-m", "benchmarks", command, "-m", method, "--index-dir", str(index), "--json"]
    line += [str(root)] if command == "duplicates" else [str(root.with_name("query.png")), "--gallery", str(root)]
    begun = time.perf_counter()
    with root.with_name("answer.json").open("w+b") as answer, root.with_name("words.txt").open("w+b") as words:
        child = subprocess.Popen(line, stdout=answer, stderr=words, cwd=ROOT)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            words.seek(0)
            raise SystemExit(f"{command} -m {method} on {root}: {words.read()[-2000:].decode()}")
        answer.seek(0)
        return Call(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.load(answer))


def right(command: str, answer: Any) -> int:
    """Planted copies that were found: grouped with their original, or at the first rank."""
    if command == "search":
        return int(answer[0]["answers"][0]["hits"][0]["path"].endswith(f"{SOUGHT:06d}.jpg"))
    groups = [{int(Path(each["path"]).stem) for each in group} for group in answer["groups"]]
    return sum(number - 1 in group for group in groups for number in group if number % EVERY == 1)


def row(size: int, command: str, method: str, root: Path, copies: int) -> str:
    """Both calls of one command, as a line of the table."""
    index = root.with_name(f"index-{size}-{command}-{method}")
    first, again = (called(command, method, root, index) for _ in range(2))
    shutil.rmtree(index)
    name = f"{command} -m {method}"
    if any("hashes and whole" in note for note in (first.answer["notes"] if command == "duplicates" else ())):
        name += ", by hashes alone"
    counts = (f"{copies if command == 'duplicates' else 1:,}", f"{right(command, first.answer):,}")
    times = (f"{first.seconds:,.1f}", f"{first.processor:,.1f}", f"{again.seconds:,.1f}")
    return "| " + " | ".join((f"{size:,}", name, *counts, *times, f"{max(first.mib, again.mib):,.0f}")) + " |"


def page(lines: list[str], load: float) -> str:
    """The table as a page of its own; `load` is the machine's load average before."""
    table = "\n".join(lines)
    return f"""# Time and memory of `duplicates` and `search`

{measured_where()}
Made by `tests/perf/copies_at_scale.py`; {load:.1f} other processes wanted to run on average in the minute before.

The pictures are drawn (JPEG, 96 pixels a side); every hundredth is a copy of another at half its size. Whole commands,
from the start of Python to the answer as JSON: in a folder that was never read before, and once more. Real photographs
take longer to read.

{table}
"""


def main() -> None:
    """Draw, measure, tell, clear up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 100_000])
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    lines = ["| " + " | ".join(HEADS) + " |", "|--:|:--|" + "--:|" * (len(HEADS) - 2)]
    for size in asked.sizes:
        root = (asked.out / f"pictures-{size}").resolve()
        begun = time.perf_counter()
        copies = draw(root, size)
        cv2.imwrite(str(root.with_name("query.png")), cv2.resize(drawn(SOUGHT), (SIDE // 2, SIDE // 2)))
        print(f"{size:,} pictures drawn in {time.perf_counter() - begun:.0f} s", flush=True)
        for command, method in COMMANDS:
            lines.append(row(size, command, method, root, copies))
            print(lines[-1], flush=True)
            if asked.page:  # after every row: the last ones take longest
                write_text(asked.page, page(lines, load))
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
