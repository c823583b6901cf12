"""Copies planted in a folder of photographs: what `duplicates` finds of them, beside imagededup, in one run.

    python tests/perf/copies_beside_imagededup.py --data LFW --out FOLDER [--people 200] [--page FILE.md]

The folder holds up to three photographs of each of so many people (hard negatives of each other), and of one of them
the same file again, half its size, and two copies with one to four edits each (`datasets.edits`, strength "hard").
Pictures laid over or beside a copy are of people who are not in the folder. Everything follows from a seed. imagededup
is used where it is installed (its hashes need no torch). What LFW holds twice is no hard negative.
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
from benchmarks.system.files import write_text  # noqa: E402
from benchmarks.system.provenance import git_state, machine, now  # noqa: E402
from datasets.edits.copies import edited_copies, recipe_of  # noqa: E402
from datasets.imageset import ImageSet, Item  # noqa: E402
from datasets.lfw import Lfw  # noqa: E402
from methods.duplicates.finder import near_pairs, take_prints  # noqa: E402
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
    items, turn = people_in_turn(lfw, seed)
    chosen = [places[:PHOTOGRAPHS] for places in turn[:people]]
    pool = lfw.imageset([items[places[0]] for places in turn[people:][:200]])
    originals = lfw.imageset([items[places[0]] for places in chosen])
    copies: dict[Pair, str] = {}
    strangers: set[Pair] = set()
    twice = photographed_twice(lfw.imageset([items[place] for places in chosen for place in places]))
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
        named = dict(zip(names, places, strict=True))
        strangers |= {
            pair(*two)
            for two in combinations(names, 2)
            if frozenset(items[named[name]].id for name in two) not in twice
        }
    edited = edited_copies(originals, seed, each=COPIES, between=EDITS, pool=pool)
    for place, (item, image) in enumerate(zip(edited.items, edited, strict=True)):
        number, copy = divmod(place, COPIES)
        name = f"p{number:04d}-edit{copy}.jpg"
        Image.fromarray(image).save(root / name, quality=90)
        edits = len(recipe_of(item).steps)
        copies[pair(f"p{number:04d}-0.jpg", name)] = f"{edits} edit{'s' if edits > 1 else ''}"
    _write_pairs(root.with_name("pairs.csv"), copies, strangers)
    return Planted(root, copies, strangers)


def people_in_turn(lfw: Lfw, seed: int) -> tuple[list[Item], list[list[int]]]:
    """LFW's photographs, and the positions of those of each person of whom there are several, in an order by seed."""
    items = lfw.items()
    by_person: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        by_person.setdefault(item.label, []).append(place)
    several = [places for places in by_person.values() if len(places) > 1]
    return items, [several[place] for place in np.random.default_rng(seed).permutation(len(several))]


def photographed_twice(images: ImageSet) -> set[frozenset[str]]:
    """Ids of two pictures that `methods.duplicates` (another code than the one that is measured) finds to be one."""
    near, _ = near_pairs(take_prints(images))
    return {frozenset((images.ids[one], images.ids[other])) for one, other in near.tolist()}


def measured_where() -> str:
    """The machine and the commit, for a page."""
    facts, state = machine(), git_state()
    cores = f"{facts['cores']} core{'s' if facts['cores'] != 1 else ''}"
    changed = " with changes" if state["dirty"] else ""
    return (
        f"{facts['cpu']}, {cores}, {facts['memory_gib']} GiB; commit {str(state['commit'])[:7]}{changed}, {now()[:10]}."
    )


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
        for module, what in (("imagededup.methods.cnn", "CNN"), ("imagededup.utils.models", "CustomModel")):
            sys.modules.setdefault(module, types.SimpleNamespace(**{what: None}))  # type: ignore[arg-type]
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
    """Recall by kind of copy, precision over the pairs listed, false merges and seconds, as markdown."""
    kinds = sorted(set(planted.copies.values()), key=lambda kind: (kind[0].isdigit(), kind != "exact", kind))
    heads = ("tool", *kinds, "all edited", "precision", "F1", "hard negatives merged", "s")
    lines = ["| " + " | ".join(heads) + " |", "|:--|" + "--:|" * (len(heads) - 1)]
    for row in found:
        edited = [each for each, kind in planted.copies.items() if kind[0].isdigit()]
        by_kind = [[each for each, text in planted.copies.items() if text == kind] for kind in kinds]
        recalls = [f"{sum(each in row.found for each in pairs) / len(pairs):.3f}" for pairs in (*by_kind, edited)]
        right, wrong = len(planted.copies.keys() & row.found), len(planted.strangers & row.found)
        shares = [f"{right / max(right + wrong, 1):.3f}", f"{2 * right / (right + wrong + len(planted.copies)):.3f}"]
        merged = f"{wrong} of {len(planted.strangers)} ({wrong / len(planted.strangers):.2%})"
        lines.append("| " + " | ".join((row.tool, *recalls, *shares, merged, f"{row.seconds:.1f}")) + " |")
    return "\n".join(lines)


def page(planted: Planted, notes: list[str], text: str) -> str:
    """What was found as a page of its own."""
    pictures = sum(1 for _ in planted.root.iterdir())
    return f"""# Copies found, beside imagededup

{measured_where()}
Made by `tests/perf/copies_beside_imagededup.py`.

{pictures:,} pictures: photographs of LFW with {len(planted.copies):,} planted pairs of copies and
{len(planted.strangers):,} hard negatives (photographs of one person; the same photograph twice left out).
Recall is given by kind of copy, an edited copy by its number of edits; precision and F1 are over the pairs listed.
Each tool works at its own threshold: `duplicates` learns it from the folder, imagededup takes 10 bits of 64.

{text}

{chr(10).join(f"- {note}" for note in notes)}
"""


def main() -> None:
    """Plant, find, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    planted = plant(asked.data, asked.out / "photos", asked.people, asked.seed)
    print(f"{sum(1 for _ in planted.root.iterdir()):,} pictures, {len(planted.copies):,} pairs of copies")
    found, notes = [], []
    for row in rows(planted, Places(asked.out / "index", asked.weights)):
        found.append(row)
        print(f"{row.tool}: {row.seconds:.1f} s {row.note}", flush=True)
        notes += [f"`{row.tool}`: {row.note}."] if row.note else []
    text = table(planted, found)
    print(text)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    if asked.page:
        write_text(asked.page, page(planted, notes, text))
    (asked.out / "found.json").write_text(json.dumps({row.tool: sorted(row.found) for row in found}))


if __name__ == "__main__":
    main()
