"""Does `audit` find 200 planted copies, and nothing else, among drawn pictures and among real ones?

    python tests/studies/planted_leaks.py [--markdown docs/measurements/planted-leaks.md]

Copies are exact, resized, re-saved and cropped, 50 of each, as in tests/benchmarks/audit/test_audit.py. Real images
need RIS_DATA. What the images held before anything was planted is no false alarm, and neither is a copy of such a pair.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / "benchmarks" / name) for name in ("", "audit"))]

from test_audit import audited, found_pairs, plant, scene  # noqa: E402

from benchmarks.audit.findings import look  # noqa: E402
from datasets.registry import open_dataset  # noqa: E402
from tests.studies.made_on import made_on  # noqa: E402

IMAGES, PLANTED = 260, 200


def real_images(name: str, data_dir: Path) -> list[np.ndarray]:
    """IMAGES of a data set, drawn with a seed, as BGR."""
    dataset = open_dataset(name, data_dir)
    ids = [item.id for item in dataset.items()]
    drawn = np.random.default_rng(11).permutation(len(ids))[:IMAGES]
    pictures = (dataset.decode(dataset.read(ids[place]), ids[place]) for place in drawn)
    return [cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) for picture in pictures]


def search(images: list[np.ndarray], folder: Path) -> tuple[int, int, int]:
    """How many planted pairs were found, how many others, and how many there were before."""
    plant(folder / "before", images, planted=0)
    planted = plant(folder / "pictures", images, planted=PLANTED)
    own = found_pairs(look(audited(folder / "before", folder)))
    found = found_pairs(look(audited(folder / "pictures", folder)))
    origin = {frozenset(id.split("/")[1][:4] for id in pair) for pair in own}
    others = [pair for pair in found - planted if frozenset(id.split("/")[1][:4] for id in pair) not in origin]
    return len(found & planted), len(others), len(own)


def main() -> int:
    """Print and write the table; 1 where fewer than 95% are found, or over 1% of what is found is something else."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    sets = {"drawn pictures": [scene(number) for number in range(IMAGES)]}
    if data := os.environ.get("RIS_DATA"):
        sets |= {name: real_images(name, Path(data)) for name in ("lfw", "cifar10", "imdb-wiki")}
    rows, good = [], True
    for name, images in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            found, others, own = search(images, Path(folder))
        rows.append(f"| {name} | {len(images)} | {own} | {found} of {PLANTED} | {others} |")
        good &= found >= 0.95 * PLANTED and others <= 0.01 * (found + others)
    lines = [
        "# Planted leaks that `audit` finds",
        "",
        "    python tests/studies/planted_leaks.py --markdown docs/measurements/planted-leaks.md",
        "",
        f"writes this page: {PLANTED} copies are planted among images, a quarter each exact, resized to 60%, saved as "
        f"JPEG at quality 60, and cropped by 4%. {made_on()}",
        "",
        "| images | number | copies before | planted copies found | false alarms |",
        "|:--|--:|--:|--:|--:|",
        *rows,
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
