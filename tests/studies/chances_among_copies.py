"""Do thresholds and chances of `search` hold in a folder in which many pictures have edited copies?

    python tests/studies/chances_among_copies.py [--people 250] [--methods phash sscd-distilled] [--shares 0 0.3 0.6]
        [--seeds 0 1 2] [--markdown docs/measurements/among-copies.md]

A folder holds two photographs each of so many people (LFW), and edited copies of a share of them. What is learned there
is judged by other edited copies, half of whose searches have their picture taken away, and by
photographs of other people. RIS_DATA, and RIS_WEIGHTS for networks that need them.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.metrics.intervals import share_interval  # noqa: E402
from benchmarks.search.calibrating import learn_unlabelled  # noqa: E402
from benchmarks.search.chance import calibration_error  # noqa: E402
from benchmarks.search.folder_gallery import FolderGallery  # noqa: E402
from benchmarks.search.gallery import imageset  # noqa: E402
from benchmarks.search.known_answers import DEPTH, Known, hits_of  # noqa: E402
from benchmarks.search.known_rows import KnownRows  # noqa: E402
from benchmarks.search.searcher import Places, Searcher  # noqa: E402
from datasets.dataset import Dataset  # noqa: E402
from datasets.imageset import ImageSet  # noqa: E402
from datasets.registry import open_dataset  # noqa: E402
from datasets.usual_copies import usual_copies  # noqa: E402
from methods.duplicates.finder import near_pairs, take_prints  # noqa: E402
from methods.registry import load_registry  # noqa: E402
from methods.vector_method import VectorMethod  # noqa: E402
from tests.studies.made_on import made_on  # noqa: E402

EACH = 2
"""Photographs of one person in the folder: pictures that are alike and no copies."""
COPIES = 2
"""Of each picture that has copies in the folder."""
MOST = 4
"""Photographs of one other person that are compared with each other."""
ASKED = 300
"""Pictures of the folder of which other copies are searched for."""
RATES = {"search": 0.01, "duplicates": 0.001}
"""Of searches for something that is not there, the share that may be told of a match."""
LIMIT = 0.03


@dataclass(frozen=True)
class Strangers:
    """Pairs of photographs of one person, none of whom is in the folder, and none the same photograph twice."""

    images: ImageSet
    pairs: np.ndarray
    """(m, 2) positions."""
    person: np.ndarray
    """(m,) numbers."""


@dataclass(frozen=True)
class Row:
    """What one method learned in one folder, and how it did."""

    method: str
    share: float
    use: str
    threshold: float
    absent: float
    """Share of searches for a picture that is not there that were told of a match."""
    stranger: float
    """The same where photographs of the person searched for are left out: nothing in the folder has to do with it."""
    person: float
    """Share of pairs of photographs of one person that reach the threshold."""
    hardest: float
    """The same of each person's most alike pair."""
    found: float
    """Share of other copies whose picture, or a copy of it, is found with a score over the threshold."""
    error: float
    """Expected calibration error of the chances."""
    searches: int


def people_of(lfw: Dataset, seed: int) -> list[list[str]]:
    """Ids of the photographs of each person with EACH or more, people in a drawn order."""
    of: dict[str, list[str]] = {}
    for item in lfw.items():
        of.setdefault(item.label, []).append(item.id)
    several = [ids for _, ids in sorted(of.items()) if len(ids) >= EACH]
    return [several[place] for place in np.random.default_rng(seed).permutation(len(several))]


def folder_of(people: list[list[str]], lfw: Dataset, share: float, seed: int, root: Path) -> Path:
    """EACH photographs of each person; of a share of them an edited copy beside them, whose name begins alike."""
    ids = [id for each in people for id in each[:EACH]]
    items = {item.id: item for item in lfw.items()}
    root.mkdir()
    for number, id in enumerate(ids):
        (root / f"{number:05d}.jpg").write_bytes(lfw.read(id))
    copied = np.sort(np.random.default_rng(seed).permutation(len(ids))[: round(share * len(ids))])
    pictures = lfw.imageset([items[ids[place]] for place in copied])
    for number in range(COPIES):
        for originals, copies in usual_copies(pictures, seed + 2 + number):
            for original, copy in zip(copied[originals], copies, strict=True):
                encode(copy, root / f"{original:05d}-copy-{number}.jpg")
    return root


def encode(image: np.ndarray, path: Path) -> None:
    """Write RGB pixels as JPEG."""
    import cv2

    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])


def strangers_of(people: list[list[str]], lfw: Dataset) -> Strangers:
    """All pairs among the first MOST photographs of each person."""
    items = {item.id: item for item in lfw.items()}
    chosen = [(id, number) for number, each in enumerate(people) for id in each[:MOST]]
    images = lfw.imageset([items[id] for id, _ in chosen])
    twice = {(int(one), int(other)) for one, other in near_pairs(take_prints(images))[0]}
    pairs = list(combinations(range(len(chosen)), 2))
    pairs = [pair for pair in pairs if chosen[pair[0]][1] == chosen[pair[1]][1]]
    kept = np.array([pair for pair in pairs if pair not in twice])
    return Strangers(images, kept, np.array([chosen[one][1] for one, _ in kept]))


def scores_of(method: VectorMethod, strangers: Strangers) -> np.ndarray:
    """The method's score of each pair (m,)."""
    rows = method.embed(method.encoder, strangers.images)
    one, other = strangers.pairs.T
    known = [KnownRows(rows[side]) for side in (one, other)]
    return method.similarity(*known)


def most_alike(scores: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Each person's best score."""
    return np.array([scores[person == number].max() for number in np.unique(person)])


def asked(searcher: Searcher, seed: int) -> tuple[Known, np.ndarray]:
    """Hits of copies that the folder does not hold, and each search's best scores (n, 3).

    They are those of the right picture, of any other one, and of one of another person.
    """
    gallery, ids = searcher.gallery, searcher.indexed.ids
    names = np.array([int(gallery.item(int(id)).id[:5]) for id in ids])
    plain = np.flatnonzero(["copy" not in gallery.item(int(id)).id for id in ids])
    chosen = np.random.default_rng(seed + 1).permutation(plain)[:ASKED]
    known, best = Known(), []
    for originals, copies in usual_copies(imageset(gallery, ids[chosen].tolist()), seed + 1):
        ranking = searcher.method.search(copies, DEPTH)
        for row, original in enumerate(chosen[originals]):
            positions, scores = hits_of(ranking, row)
            right = names[positions] == names[original]
            known.add(scores, right)
            stranger = names[positions] // EACH != names[original] // EACH
            best.append([scores[some].max(initial=-np.inf) for some in (right, ~right, stranger)])
    return known, np.array(best)


def rows_of(name: str, share: float, root: Path, strangers: Strangers, seed: int) -> Iterator[Row]:
    """What a method learned in the folder, judged."""
    weights = os.environ.get("RIS_WEIGHTS")
    gallery = FolderGallery(root, root.parent / "index")
    gallery.update()
    places = Places(root.parent / "index", Path(weights) if weights else None)
    searcher = Searcher(load_registry().get(name), gallery, places)
    if searcher.composed is None or searcher.calibration.chance is None:
        raise SystemExit(f"{name} has no chances: {searcher.calibration.basis}")
    known, best = asked(searcher, seed)
    right, wrong, stranger = best.T
    said = np.array([searcher.calibration.chance.of(score) for score in known.scores])
    error = calibration_error(said, np.array(known.right))
    person = scores_of(searcher.composed, strangers)
    hardest = most_alike(person, strangers.person)
    for use, rate in RATES.items():
        learned = searcher.calibration if use == "search" else learn_unlabelled(searcher, rate)
        at = np.inf if learned.threshold is None else learned.threshold
        reached = [float(np.mean(scores >= at)) for scores in (wrong, stranger, person, hardest, right)]
        yield Row(name, share, use, at, *reached, error, len(best))


def line(rows: list[Row]) -> str:
    """A line of the table, for folders that differ by their seed alone: means, and what of them varies most each."""
    first = rows[0]
    absent, stranger, person, hardest, found, error = (
        float(np.mean([getattr(row, name) for row in rows]))
        for name in ("absent", "stranger", "person", "hardest", "found", "error")
    )
    low, high = share_interval(absent, sum(row.searches for row in rows))
    thresholds, each = (
        ", ".join(form.format(getattr(row, name)) for row in rows)
        for name, form in (("threshold", "{:.3g}"), ("absent", "{:.1%}"))
    )
    return (
        f"| {first.method} | {first.share:.0%} | {first.use} | {thresholds} | {absent:.1%} ({low:.1%} to {high:.1%}) | "
        f"{each} | {stranger:.1%} | {person:.2%} | {hardest:.1%} | {found:.1%} | {error:.3f} |"
    )


def page(rows: list[Row], options: argparse.Namespace, files: list[int], made: str) -> str:
    """The page in markdown; `made` says where, and from which code as it was at the start."""
    shares = " ".join(f"{share:g}" for share in options.shares)
    seeds = " ".join(map(str, options.seeds))
    people = f"--people {options.people} --methods {' '.join(options.methods)}"
    alike: dict[tuple[float, str, str], list[Row]] = {}
    for row in rows:
        alike.setdefault((row.share, row.method, row.use), []).append(row)
    order = sorted(alike, key=lambda key: (key[0], options.methods.index(key[1])))
    return "\n".join(
        [
            "# Thresholds and chances in folders full of copies",
            "",
            f"    python tests/studies/chances_among_copies.py {people} --shares {shares} --seeds {seeds}",
            "",
            f"writes this page with `--markdown`. {made}",
            "",
            f"Folders of {EACH} photographs each of {options.people} people (LFW), and {COPIES} edited copies each of "
            "a share of them, half with one mild edit, half with up to three hard ones: "
            f"{', '.join(f'{count:,}' for count in files)} files; of each {len(options.seeds)}, with other people. "
            f"Judged are other copies of up to {ASKED} of these "
            f"photographs, and pairs of up to {MOST} photographs of each of {options.people} people of whom the folder "
            "holds none; the same photograph twice is left out. `search` allows 1 false match in 100 searches, "
            "`duplicates -m METHOD` 1 in 1,000.",
            "",
            '"Absent": searches for a picture that was taken away and that were told of a match, with the 95% interval '
            "over all searches, and of each folder: its threshold is learned from 400 pictures at most, and varies. "
            '"Of strangers": the same without photographs of the person searched for, often of the same event. '
            '"One person": pairs '
            'of photographs of one person over the threshold; "most alike": of each person the pair that the method '
            'finds most alike. "Found": other copies whose picture was found over the threshold. "Error": the expected '
            "calibration error of the chances over ten ranges. Figures are means over the folders.",
            "",
            "| method | copied | for | thresholds | absent | of each | of strangers | one person | most alike | found "
            "| error |",
            "|:--|--:|:--|--:|--:|--:|--:|--:|--:|--:|--:|",
            *(line(alike[key]) for key in order),
            "",
        ]
    )


def main() -> int:
    """Print and write the table; 1 where the error of chances is over LIMIT."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=250)
    parser.add_argument("--methods", nargs="+", default=["phash", "pdq", "efficientnet-lite0", "sscd-distilled"])
    parser.add_argument("--shares", nargs="+", type=float, default=[0, 0.3, 0.6])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    lfw = open_dataset("lfw", Path(os.environ["RIS_DATA"]))
    made = made_on()
    rows: list[Row] = []
    files: dict[float, int] = {}
    for seed in options.seeds:
        people = people_of(lfw, seed)
        inside, outside = people[: options.people], people[options.people : 2 * options.people]
        strangers = strangers_of(outside, lfw)
        for share in options.shares:
            with tempfile.TemporaryDirectory() as folder:
                root = folder_of(inside, lfw, share, seed, Path(folder, "pictures"))
                files[share] = sum(1 for _ in root.iterdir())
                for name in options.methods:
                    rows += rows_of(name, share, root, strangers, seed)
                    print(*rows[-len(RATES) :], sep="\n", flush=True)
    text = page(rows, options, list(files.values()), made)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0 if all(row.error <= LIMIT for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
