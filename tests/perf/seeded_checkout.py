"""A copy of this checkout in which a line was changed for the worse, as a bad commit would, and its command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PACKAGES = ("benchmarks", "methods", "datasets")


@dataclass(frozen=True)
class Seed:
    """One regression: in `file`, each text of `edits` gives way to another."""

    name: str
    file: str
    edits: Sequence[tuple[str, str]]


BGR = Seed(
    "RGB and BGR swapped before the network",
    "methods/encoders/backbone.py",
    [("resized(image, self.size)", "resized(image[..., ::-1], self.size)")],
)
LOST = Seed(
    "nothing found for every 20th query",
    "methods/vector_method.py",
    [
        (
            "found = _detected(rows)\n        k = min(",
            "found = _detected(rows)\n        found[19::20] = False\n        k = min(",
        )
    ],
)
SLEEP = Seed(
    "asleep for 30 % of every search",
    "methods/vector_method.py",
    [
        ("import numpy as np\n", "import time\n\nimport numpy as np\n"),
        (
            "rows = self.embed(self.encoder, queries)",
            "begun = time.perf_counter()\n        rows = self.embed(self.encoder, queries)",
        ),
        (
            "        return Ranking(ids, scores, ~found)",
            "        time.sleep(0.3 * (time.perf_counter() - begun))\n        return Ranking(ids, scores, ~found)",
        ),
    ],
)


def make_checkout(folder: Path, seed: Seed | None = None) -> Path:
    """A copy of the code in `folder`, seeded; the very text must be there once for each edit."""
    for package in _PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    if seed:
        path = folder / seed.file
        text = path.read_text()
        for old, new in seed.edits:
            if text.count(old) != 1:
                raise SystemExit(
                    f"{seed.file} has {text.count(old)} places that read {old!r}: bring {seed.name!r} up to date"
                )
            text = text.replace(old, new)
        path.write_text(text)
    return folder


def command_line(checkout: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m benchmarks …` with the code of `checkout`."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "COLUMNS": "160"}
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if arguments[0] != "compare" and done.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done
