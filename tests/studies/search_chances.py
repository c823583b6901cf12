"""Do the chances that `search` tells hold, on searches they were not learned from and in a gallery ten times as large?

    python tests/studies/search_chances.py [--markdown docs/measurements/search-chances.md]

Folders: photographs of LFW, one of a person, in a folder of 2,000 and one of 200 of these. Chances are learned as
`search` does, then told for other edited copies of other pictures; half of the searches have their picture taken away.
Data sets: chances are learned from every other labelled query and told for the rest. RIS_DATA, and RIS_WEIGHTS for
networks that need them.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.search.chance import LARGER, Chance, calibration_error, in_larger, learn  # noqa: E402
from benchmarks.search.dataset_gallery import DatasetGallery  # noqa: E402
from benchmarks.search.folder_gallery import FolderGallery  # noqa: E402
from benchmarks.search.gallery import imageset  # noqa: E402
from benchmarks.search.known_answers import DEPTH, SHOWN, Known, hits_of  # noqa: E402
from benchmarks.search.searcher import Places, Searcher  # noqa: E402
from datasets.dataset import Dataset  # noqa: E402
from datasets.registry import open_dataset  # noqa: E402
from datasets.usual_copies import usual_copies  # noqa: E402
from methods.registry import load_registry  # noqa: E402
from tests.studies.made_on import made_on  # noqa: E402

LARGE = 2000
COPIED = 300
OTHER_SEED = 1
FOLDER_METHODS = ("phash", "pdq", "efficientnet-lite0", "sscd")
LABELLED = (
    ("lfw", "mtcnn-facenet"),
    ("lfw", "efficientnet-lite0"),
    ("cifar10", "efficientnet-lite0"),
    ("cifar10", "phash"),
)
LIMIT = 0.03


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    gallery: str
    method: str
    hits: int
    error: float
    sure: str
    """Of hits that were said to be right with 90% or more: how many, and the share that was."""


def judged(gallery: str, method: str, known: Known, chance: Chance, times: float = 1) -> Row:
    """How well chances, as they become in a gallery so many `times` as large, fit hits whose truth is known."""
    right = np.array(known.right, dtype=bool)
    said = np.array([in_larger(chance.of(score), times) for score in known.scores])
    high = said >= 0.9
    sure = f"{high.sum():,}: {right[high].mean():.1%}" if high.any() else "0"
    return Row(gallery, method, len(right), calibration_error(said, right), sure)


def folder_of(people: int, lfw: Dataset, root: Path) -> Path:
    """A folder of one photograph each of so many people, the same ones for a smaller number."""
    first = {item.label: item.id for item in reversed(lfw.items())}
    names = np.random.default_rng(0).permutation(sorted(first))[:people]
    root.mkdir()
    for name in names:
        (root / f"{name}.jpg").write_bytes(lfw.read(first[name]))
    return root


def searched(searcher: Searcher) -> Known:
    """Copies, made with another seed, of pictures that the searcher has not made copies of."""
    ids = np.random.default_rng(OTHER_SEED).permutation(searcher.indexed.ids)[:COPIED]
    known = Known()
    for originals, copies in usual_copies(imageset(searcher.gallery, ids.tolist()), OTHER_SEED):
        ranking = searcher.method.search(copies, DEPTH)
        for row, id in enumerate(ids[originals]):
            positions, scores = hits_of(ranking, row)
            known.add(scores, searcher.indexed.ids[positions] == id)
    return known


def folders(data: Path, weights: Path | None) -> Iterator[Row]:
    """Each method in a folder, and what it learned in a tenth of it told of the whole."""
    lfw = open_dataset("lfw", data)
    with tempfile.TemporaryDirectory() as name:
        roots = [folder_of(people, lfw, Path(name, str(people))) for people in (LARGE // LARGER, LARGE)]
        for method in FOLDER_METHODS:
            small, large = (opened(FolderGallery(root, Path(name, "index")), method, weights) for root in roots)
            chances, known = (small.calibration.chance, large.calibration.chance), searched(large)
            if chances[0] and chances[1]:
                yield judged(f"folder of {LARGE:,}", method, known, chances[1])
                yield judged(f"folder of {LARGE:,}, learned in {LARGE // LARGER}", method, known, chances[0], LARGER)


def labelled(name: str, method: str, data: Path, weights: Path | None) -> Row | None:
    """Chances learned from every other query of a data set, told for the rest."""
    with tempfile.TemporaryDirectory() as index:
        gallery = DatasetGallery(name, data, Path(index))
        searcher = opened(gallery, method, weights, data)
        queries, images = gallery.manifest.queries, gallery.manifest.gallery
        ranking = searcher.method.search(queries, len(images))
    halves = Known(), Known()
    for row, (label, id) in enumerate(zip(queries.labels, queries.ids, strict=True)):
        positions, scores = hits_of(ranking, row)
        found = searcher.indexed.ids[positions]
        other = images.ids[found] != id
        right = images.labels[found[other]] == label
        halves[row % 2].add(scores[other], right, bool(right.any()))
    chance = learn(np.array(halves[0].scores), np.array(halves[0].right), "", "")
    return judged(f"{gallery.title}, labelled queries", method, halves[1], chance) if chance else None


def opened(
    gallery: FolderGallery | DatasetGallery, method: str, weights: Path | None, data: Path | None = None
) -> Searcher:
    """The method over the gallery, with an index of its own."""
    gallery.update()
    index = gallery.root.parent / "index" if isinstance(gallery, FolderGallery) else Path(tempfile.mkdtemp())
    return Searcher(load_registry().get(method), gallery, Places(index, weights, data))


def main() -> int:
    """Print and write the table; 1 where the error of chances in the gallery itself is over LIMIT."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    data, weights = Path(os.environ["RIS_DATA"]), os.environ.get("RIS_WEIGHTS")
    at = Path(weights) if weights else None
    rows = [*folders(data, at), *filter(None, (labelled(name, method, data, at) for name, method in LABELLED))]
    lines = [
        "# Do the chances of hits hold?",
        "",
        "    python tests/studies/search_chances.py --markdown docs/measurements/search-chances.md",
        "",
        f"writes this page. {made_on()}",
        "",
        "The error is the expected calibration error over ten ranges of chance: the mean gap between what was said "
        f"and the share of hits that were right. Judged are the first {SHOWN} hits of searches that nothing was "
        "learned from, as they are and with what is right taken away. Folders hold photographs of LFW, one of a "
        f'person; what is searched for are edited copies of {COPIED} of them. "Learned in {LARGE // LARGER}": in a '
        "tenth of the folder, and told of the whole by the rule for larger galleries. Half of a data set's queries are "
        "few: the ten hits of one are often right or wrong together.",
        "",
        "| gallery | method | hits | error | said to be 90% or more: were right |",
        "|:--|:--|--:|--:|--:|",
        *(f"| {row.gallery} | {row.method} | {row.hits:,} | {row.error:.3f} | {row.sure} |" for row in rows),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0 if all(row.error <= LIMIT for row in rows if "learned in" not in row.gallery) else 1


if __name__ == "__main__":
    sys.exit(main())
