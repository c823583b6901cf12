"""Which margin around a face does FaceNet want? Chosen on LFW's development pairs, never on View 2, which is reported.

    python tests/studies/face_margin.py --out FOLDER [--minutes 10] [--markdown docs/measurements/face-margin.md]

Needs RIS_DATA with pairsDevTrain.txt and pairsDevTest.txt, and RIS_WEIGHTS. The margin is chosen on pairsDevTrain, and
checked on pairsDevTest; pairs that View 2 has too, and those whose images are not here, are left out. Faces and
embeddings are kept in FOLDER, so a run may stop at any time and go on later. Takes some fifteen minutes on two cores.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from benchmarks.metrics.verification import area_under_curve, best_threshold  # noqa: E402
from methods.faces.alignment import MARGIN, choose_face, crop_face  # noqa: E402
from tests.studies.made_on import made_on  # noqa: E402

MARGINS = (0.1, 0.2, 0.3, 0.4, 0.5)
BATCH = 64
RESAMPLES = 2000


class Pair(NamedTuple):
    """Two ids "<Name>/<Name>_0001", and whether they are one person."""

    left: str
    right: str
    same: bool


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a development file, whose first line is a number, or of pairs.txt."""
    pairs = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split()
        same = len(fields) == 3
        names = (fields[0], fields[0]) if same else (fields[0], fields[2])
        numbers = (fields[1], fields[2]) if same else (fields[1], fields[3])
        left, right = (f"{name}/{name}_{int(number):04d}" for name, number in zip(names, numbers, strict=True))
        pairs.append(Pair(left, right, same))
    return pairs


def usable(pairs: list[Pair], reported: list[Pair], images: Path) -> list[Pair]:
    """Without pairs that are reported, and those that lack an image."""
    known = {frozenset(pair[:2]) for pair in reported}
    there = [pair for pair in pairs if all((images / f"{id}.jpg").exists() for id in pair[:2])]
    return [pair for pair in there if frozenset(pair[:2]) not in known]


def embed(ids: list[str], images: Path, weights: Path, out: Path, until: float) -> dict[float, np.ndarray] | None:
    """Embeddings (n, 512) by margin, NaN where no face is found; None where the time is up before all are made."""
    from methods.encoders.facenet import MtcnnFaceNet

    encoder = None
    out.mkdir(parents=True, exist_ok=True)
    parts: list[np.ndarray] = []
    for start in range(0, len(ids), BATCH):
        path = out / f"faces-{start:05d}.npy"
        if not path.exists():
            if time.monotonic() > until:
                return None
            encoder = encoder or MtcnnFaceNet(weights)
            np.save(path, _embed_batch(encoder, ids[start : start + BATCH], images), allow_pickle=False)
            print(f"{min(start + BATCH, len(ids))} of {len(ids)} images", flush=True)
        parts.append(np.load(path, allow_pickle=False))
    rows = np.concatenate(parts, axis=1)
    return dict(zip(MARGINS, rows, strict=True))


def _embed_batch(encoder: object, ids: list[str], images: Path) -> np.ndarray:
    """(margins, n, 512): each face found once and cropped with each margin."""
    from datasets.decoding import decode_image

    pictures = [decode_image((images / f"{id}.jpg").read_bytes(), id) for id in ids]
    rows = np.full((len(MARGINS), len(ids), 512), np.nan, dtype=np.float32)
    faces = encoder.detect(pictures)  # type: ignore[attr-defined]
    chosen = [choose_face(found, picture.shape[:2]) for found, picture in zip(faces, pictures, strict=True)]
    places = [place for place, face in enumerate(chosen) if face is not None]
    for number, margin in enumerate(MARGINS):
        crops = [crop_face(pictures[place], faces[place].boxes[chosen[place]], 160, margin) for place in places]
        rows[number, places] = encoder.embed(np.stack(crops))  # type: ignore[attr-defined]
    return rows


def similarities(rows: np.ndarray, ids: list[str], pairs: list[Pair]) -> np.ndarray:
    """(pairs,) cosines; -inf where an image has no face."""
    place = {id: number for number, id in enumerate(ids)}
    left, right = (rows[[place[pair[side]] for pair in pairs]] for side in (0, 1))
    found = (left * right).sum(axis=1)
    return np.where(np.isnan(found), -np.inf, found)


def separation(scores: np.ndarray, same: np.ndarray) -> float:
    """Distance of the mean cosines of same and different people in standard deviations (d', Green & Swets 1966)."""
    kept = np.isfinite(scores)
    alike, other = scores[kept & same], scores[kept & ~same]
    return float((alike.mean() - other.mean()) / np.sqrt((alike.var() + other.var()) / 2))


def ahead(scores: dict[float, np.ndarray], same: np.ndarray, best: float) -> tuple[float, float]:
    """95% interval of how much further the best margin parts the pairs than MARGIN does, pairs resampled."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(same), size=(RESAMPLES, len(same)))
    apart = [separation(scores[best][row], same[row]) - separation(scores[MARGIN][row], same[row]) for row in drawn]
    low, high = np.quantile(apart, [0.025, 0.975])
    return float(low), float(high)


def table(scores: dict[float, np.ndarray], same: np.ndarray, threshold_on: dict[float, float]) -> list[str]:
    """A line of markdown for each margin."""
    lines = ["| margin | separation | AUC | accuracy | pairs without a face |", "|--:|--:|--:|--:|--:|"]
    for margin, values in scores.items():
        accuracy = np.mean((values > threshold_on[margin]) == same)
        lines.append(
            f"| {margin:g} | {separation(values, same):.3f} | {area_under_curve(values, same):.5f} | {accuracy:.4f} | "
            f"{np.isneginf(values).sum()} |"
        )
    return lines


def main() -> int:
    """Print and write both tables; 1 where another margin than MARGIN is clearly better on pairsDevTrain."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    from methods.weights import find_weights

    root, weights_dir = (Path(os.environ[name]) for name in ("RIS_DATA", "RIS_WEIGHTS"))
    root, images = root / "lfw", root / "lfw" / "lfw-deepfunneled"
    weights = next(found for name in ("facenet-512", "facenet-512-half") if (found := find_weights(name, weights_dir)))
    reported = read_pairs(root / "pairs.txt")
    sets = {
        name: usable(read_pairs(root / f"{name}.txt"), reported, images) for name in ("pairsDevTrain", "pairsDevTest")
    }
    until, found = time.monotonic() + 60 * options.minutes, {}
    for name, pairs in sets.items():
        ids = sorted({id for pair in pairs for id in pair[:2]})
        rows = embed(ids, images, weights.path, options.out / name, until)
        if rows is None:
            print(f"{name} is not finished: run it again")
            return 2
        found[name] = {margin: similarities(rows[margin], ids, pairs) for margin in MARGINS}
    same = {name: np.array([pair.same for pair in pairs]) for name, pairs in sets.items()}
    train, truth = found["pairsDevTrain"], same["pairsDevTrain"]
    thresholds = {margin: best_threshold(values, truth) for margin, values in train.items()}
    best = max(MARGINS, key=lambda margin: separation(train[margin], truth))
    low, high = ahead(train, truth, best)
    lines = [
        "# The margin around a face, chosen on LFW's development pairs",
        "",
        "    python tests/studies/face_margin.py --out FOLDER --markdown docs/measurements/face-margin.md",
        "",
        "writes this page. Margins are fractions of the face box's mean side; separation is the distance of the mean "
        "similarities of same and of different people in standard deviations. Pairs that View 2 has too are left out "
        "(its images are not: LFW's two views share them), and so are pairs whose images are not in this copy. "
        f"{made_on()}",
        "",
        f"**pairsDevTrain**, {len(truth):,} pairs, {truth.sum():,} of one person. Largest separation: {best:g}; ahead "
        f"of {MARGIN:g}, which is used, by [{low:+.3f}, {high:+.3f}] (95%, pairs resampled).",
        "",
        *table(train, truth, thresholds),
        "",
        f"**pairsDevTest**, {len(same['pairsDevTest']):,} pairs, with the thresholds of pairsDevTrain: a check, "
        "nothing is chosen on it.",
        "",
        *table(found["pairsDevTest"], same["pairsDevTest"], thresholds),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 1 if best != MARGIN and low > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
