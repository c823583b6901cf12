"""Copies planted in a folder of photographs: what `duplicates` finds of them, beside imagededup, in one run.

    python tests/perf/copies_beside_imagededup.py --data LFW --out FOLDER [--people 200] [--markdown FILE]

The folder holds up to three photographs of each of so many people (hard negatives of each other), and of one of them
the same file again, half its size, and two copies with one to four edits each (`datasets.edits`, strength "hard").
Pictures laid over or beside a copy are of people who are not in the folder. Everything follows from a seed.
"""

import argparse
import csv
import json
import math
import resource
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.duplicates.evaluation import COLUMNS, VERDICT, evaluate, read_pairs  # noqa: E402
from benchmarks.duplicates.finding import find_copies  # noqa: E402
from benchmarks.search.searcher import Places  # noqa: E402
from datasets.edits.copies import edited_copies, recipe_of  # noqa: E402
from datasets.lfw import Lfw  # noqa: E402
from methods.registry import load_registry  # noqa: E402

PHOTOGRAPHS = 3
COPIES = 2
EDITS = (1, 4)
OURS = ("copies", "phash", "pdq", "sscd")
THEIRS = {"PHash": 10, "DHash": 10, "AHash": 10, "WHash": 10}
"""imagededup's hashes, and the distance that it takes for the largest of duplicates unless told another."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Planted:
    """What lies in the folder: pairs of copies by kind ("exact", "half size", "2 edits"), and pairs that are none."""

    root: Path
    copies: dict[Pair, str]
    strangers: set[Pair]


@dataclass(frozen=True)
class Row:
    """What one tool found at its own threshold."""

    tool: str
    found: set[Pair]
    seconds: float
    note: str = ""


def plant(data: Path, root: Path, people: int, seed: int) -> Planted:
    """Write the folder, and pairs.csv beside it."""
    lfw = Lfw(data)
    by_person: dict[str, list[int]] = {}
    items = lfw.items()
    for place, item in enumerate(items):
        by_person.setdefault(item.label, []).append(place)
    several = [places for places in by_person.values() if len(places) > 1]
    order = np.random.default_rng(seed).permutation(len(several))
    chosen = [several[place][:PHOTOGRAPHS] for place in order[:people]]
    pool = lfw.imageset([items[several[place][0]] for place in order[people:][:200]])
    originals = lfw.imageset([items[places[0]] for places in chosen])
    copies: dict[Pair, str] = {}
    strangers: set[Pair] = set()
    root.mkdir(parents=True)
    for number, places in enumerate(chosen):
        names = [f"p{number:04d}-{place}.jpg" for place in range(len(places))]
        for name, place in zip(names, places, strict=True):
            (root / name).write_bytes(lfw.read(items[place].id))
        (root / f"p{number:04d}-same.jpg").write_bytes(lfw.read(items[places[0]].id))
        half = Image.fromarray(originals[number])
        half.resize((half.width // 2, half.height // 2), Image.Resampling.BICUBIC).save(
            root / f"p{number:04d}-half.png"
        )
        copies |= {pair(names[0], f"p{number:04d}-{kind}"): text for kind, text in _PLAIN.items()}
        strangers |= {pair(*two) for two in combinations(names, 2)}
    edited = edited_copies(originals, seed, each=COPIES, between=EDITS, pool=pool)
    for place, (item, image) in enumerate(zip(edited.items, edited, strict=True)):
        number, copy = divmod(place, COPIES)
        name = f"p{number:04d}-edit{copy}.jpg"
        Image.fromarray(image).save(root / name, quality=90)
        edits = len(recipe_of(item).steps)
        copies[pair(f"p{number:04d}-0.jpg", name)] = f"{edits} edit{'s' if edits > 1 else ''}"
    _write_pairs(root.with_name("pairs.csv"), copies, strangers)
    return Planted(root, copies, strangers)


_PLAIN = {"same.jpg": "exact", "half.png": "half size"}


def _write_pairs(path: Path, copies: dict[Pair, str], strangers: set[Pair]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, VERDICT))
        writer.writerows((*each, 1) for each in sorted(copies))
        writer.writerows((*each, 0) for each in sorted(strangers))


def pair(one: str, other: str) -> Pair:
    """Two names, the lower first."""
    return min(one, other), max(one, other)


def ours(planted: Planted, method: str, places: Places) -> Row:
    """What `duplicates` groups, twice: the second time is that of a folder that was read before."""
    begun = time.perf_counter()
    finding = find_copies(planted.root, method, places)
    seconds = time.perf_counter() - begun
    known = read_pairs(planted.root.with_name("pairs.csv"), frozenset(finding.names.values()))
    best = max(evaluate(finding, known)[0], key=lambda quality: 0 if math.isnan(quality.f1) else quality.f1)
    found = {pair(a.path, b.path) for group in finding.groups for a, b in combinations(group, 2)}
    note = f"threshold {finding.compared.threshold.score:.3g}; best F1 {best.f1:.3f} at {best.threshold:.3g}"
    return Row(f"duplicates -m {method}", found, seconds, note)


def theirs(planted: Planted, name: str, distance: int) -> Row:
    """What imagededup's find_duplicates returns, each pair once."""
    if find_spec("torch") is None:  # its hashes need none, but its package imports the network
        sys.modules.setdefault("imagededup.methods.cnn", types.SimpleNamespace(CNN=None))  # type: ignore[arg-type]
    import imagededup.methods

    begun = time.perf_counter()
    hasher = getattr(imagededup.methods, name)(verbose=False)
    near = hasher.find_duplicates(image_dir=str(planted.root), max_distance_threshold=distance)
    seconds = time.perf_counter() - begun
    return Row(f"imagededup {name}", {pair(one, other) for one, others in near.items() for other in others}, seconds)


def rows(planted: Planted, places: Places) -> Iterator[Row]:
    """Every tool that is here; what is not is said."""
    known = {spec.id for spec in load_registry()}
    for method in OURS:
        if method == OURS[0] or method in known:
            yield from _tried(lambda method=method: ours(planted, method, places), method)  # type: ignore[misc]
    if find_spec("imagededup") is None:
        print("imagededup is not installed: left out")
        return
    for name, distance in THEIRS.items():
        yield from _tried(lambda name=name, far=distance: theirs(planted, name, far), name)  # type: ignore[misc]


def _tried(make: Callable[[], Row], name: str) -> Iterator[Row]:
    try:
        yield make()
    except Exception as error:  # a tool that fails costs its row
        print(f"{name}: left out ({type(error).__name__}: {error})")


def table(planted: Planted, found: list[Row]) -> str:
    """Recall by kind of copy, false merges of hard negatives and seconds, as markdown."""
    kinds = sorted(set(planted.copies.values()), key=lambda kind: (kind[0].isdigit(), kind != "exact", kind))
    heads = ("tool", *kinds, "all edited", "hard negatives merged", "s")
    lines = ["| " + " | ".join(heads) + " |", "|:--|" + "--:|" * (len(heads) - 1)]
    for row in found:
        edited = [each for each, kind in planted.copies.items() if kind[0].isdigit()]
        by_kind = [[each for each, text in planted.copies.items() if text == kind] for kind in kinds]
        recalls = [f"{sum(each in row.found for each in pairs) / len(pairs):.3f}" for pairs in (*by_kind, edited)]
        wrong = len(planted.strangers & row.found)
        merged = f"{wrong} of {len(planted.strangers)} ({wrong / len(planted.strangers):.2%})"
        lines.append("| " + " | ".join((row.tool, *recalls, merged, f"{row.seconds:.1f}")) + " |")
    return "\n".join(lines)


def main() -> None:
    """Plant, find, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--markdown", type=Path)
    asked = parser.parse_args()
    planted = plant(asked.data, asked.out / "photos", asked.people, asked.seed)
    print(f"{sum(1 for _ in planted.root.iterdir()):,} pictures, {len(planted.copies):,} pairs of copies")
    found = []
    for row in rows(planted, Places(asked.out / "index", asked.weights)):
        found.append(row)
        print(f"{row.tool}: {row.seconds:.1f} s {row.note}", flush=True)
    text = table(planted, found)
    print(text)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    if asked.markdown:
        asked.markdown.write_text(text + "\n", encoding="utf-8")
    (asked.out / "found.json").write_text(json.dumps({row.tool: sorted(row.found) for row in found}))


if __name__ == "__main__":
    main()
