"""How alike do photographs of one person look to `duplicates`? The law of their scores, judged on other people.

    python tests/perf/hard_negatives.py --data LFW [--each 6] [--people N] [--json FILE] [--page FILE.md]

Pairs of photographs of each of the people whom `copies_beside_imagededup.py` leaves out with its default seed. The law
(`benchmarks.duplicates.tail`) is fitted on every other person, and judged on the rest; pairs that
`methods.duplicates` finds near-identical are the same photograph twice, as LFW holds some, and are left out and listed.
`ONE_PERSON` in `benchmarks/duplicates/threshold.py` is the law of the first half.
"""

import argparse
import json
import sys
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from copies_beside_imagededup import measured_where, people_in_turn  # noqa: E402

from benchmarks.duplicates.copies import SURE  # noqa: E402
from benchmarks.duplicates.frames import FRAME, FrameEncoder, turned  # noqa: E402
from benchmarks.duplicates.hash_candidates import RADIUS  # noqa: E402
from benchmarks.duplicates.tail import TAIL, TailLaw, fitted  # noqa: E402
from benchmarks.metrics.intervals import share_interval  # noqa: E402
from benchmarks.system.files import write_text  # noqa: E402
from datasets.lfw import Lfw  # noqa: E402
from methods.duplicates.agreement import agreement  # noqa: E402
from methods.duplicates.alignment import align  # noqa: E402
from methods.duplicates.finder import near_pairs, take_prints  # noqa: E402
from methods.duplicates.local_rows import LOCAL, LocalEncoder, LocalPicture, local_picture, mirrored  # noqa: E402
from methods.duplicates.records import unpacked  # noqa: E402

PLANTED = 400
"""People in turn who may lie in the planted folder, or in pictures laid over its copies."""
RATES = (0.01, 0.003, 0.001)
_MADE_BY = "Made by `tests/perf/hard_negatives.py`."
_INTRODUCTION = (
    "Pairs of photographs of one person, of people who are not in the folder of [duplicates.md](duplicates.md), at",
    "most six photographs of each. The law that `duplicates -m copies` takes its threshold from was fitted on every",
    "other person, and judged on the rest: so many of these pairs would be merged.",
)


def scored(
    data: Path, each: int, people: int | None
) -> tuple[list[tuple[str, str]], np.ndarray, np.ndarray, list[str]]:
    """Pairs of ids, their scores (m,) and the numbers of their people (m,); and the pairs left out, in words."""
    lfw = Lfw(data)
    items, turn = people_in_turn(lfw, seed=1)
    chosen = [places[:each] for places in turn[PLANTED:][:people]]
    flat = [place for places in chosen for place in places]
    images = lfw.imageset([items[place] for place in flat])
    prints = take_prints(images)
    twice = {(flat[one], flat[other]) for one, other in near_pairs(prints)[0].tolist()}
    rows = {}
    for start in range(0, len(flat), 32):
        some = list(images[start : start + 32])
        encoded = zip(LocalEncoder().encode(some), FrameEncoder().encode(some), strict=True)
        for place, (local, frame) in zip(flat[start : start + 32], encoded, strict=True):
            rows[place] = local_picture(unpacked(local, LOCAL)), unpacked(frame, FRAME)
    pairs = [(two, number) for number, places in enumerate(chosen) for two in combinations(places, 2)]
    left = [f"{items[one].id}, {items[other].id}" for (one, other), _ in pairs if (one, other) in twice]
    pairs = [(two, number) for two, number in pairs if two not in twice]
    scores = np.array([_score(rows[one], rows[other]) for (one, other), _ in pairs])
    names = [(items[one].id, items[other].id) for (one, other), _ in pairs]
    return names, scores, np.array([number for _, number in pairs]), left


def _score(one: tuple[LocalPicture, np.ndarray], other: tuple[LocalPicture, np.ndarray]) -> float:
    """The best agreement that `duplicates` can find between two pictures, whatever proposes the pair."""
    bits = np.bitwise_count(one[1]["hashes"][0] ^ other[1]["hashes"])
    best = 0.0
    if bits.min() <= RADIUS:
        best = agreement(one[1]["thumbnail"], turned(other[1]["thumbnail"], int(bits.argmin()))).share
    if best >= SURE:
        return best
    return max(best, align(one[0], other[0]).share, align(mirrored(one[0]), other[0]).share)


def report(scores: np.ndarray, people: np.ndarray, left: list[str]) -> tuple[TailLaw, str]:
    """The law of people of even number, and a markdown table of what it lets through of the others."""
    teach, judge = scores[people % 2 == 0], scores[people % 2 == 1]
    law = fitted(teach[teach >= TAIL], int(np.count_nonzero(teach < 1)))
    lines = ["| false-merge rate asked | score | of the law's own pairs | of other people's pairs | its 95% interval |"]
    lines.append("|--:|--:|--:|--:|--:|")
    for rate in RATES:
        score = law.score_at(rate)
        wrong = float(np.mean(judge >= score))
        interval = share_interval(wrong, len(judge))
        lines.append(
            f"| {rate:.1%} | {score:.3f} | {np.count_nonzero(teach >= score)} of {len(teach):,} | "
            f"{np.count_nonzero(judge >= score)} of {len(judge):,} ({wrong:.2%}) | "
            f"{interval.low:.2%} to {interval.high:.2%} |"
        )
    lines += ["", f"{len(left)} pairs left out as the same photograph twice."]
    return law, "\n".join(lines)


def main() -> None:
    """Score, fit, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--people", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    names, scores, people, left = scored(asked.data, asked.each, asked.people)
    law, text = report(scores, people, left)
    print(law, text, sep="\n")
    for place in np.argsort(-scores)[:10]:
        print(f"{scores[place]:.3f} {names[place]}")
    if asked.json:
        found = {"law": asdict(law), "scores": scores.tolist(), "people": people.tolist(), "left": left}
        asked.json.write_text(json.dumps(found))
    if asked.page:
        title = "# How alike do photographs of one person look?"
        write_text(asked.page, "\n".join([title, "", measured_where(), _MADE_BY, "", *_INTRODUCTION, "", text, ""]))


if __name__ == "__main__":
    main()
