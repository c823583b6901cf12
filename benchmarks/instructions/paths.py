"""The hot paths whose instructions are counted: each small, on fixed data, so that a count takes moments."""

import io
from collections.abc import Callable

import numpy as np

from methods.ranking import Ranking

Path = Callable[[], object]


def decode() -> Path:
    """A JPEG of 48 x 48 pixels becomes RGB."""
    from PIL import Image

    from datasets.decoding import decode_image

    ramp = np.add.outer(np.arange(48), 2 * np.arange(48)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.stack([ramp, ramp.T, 255 - ramp], axis=2)).save(file, "JPEG", quality=90)
    data = file.getvalue()
    return lambda: decode_image(data, "drawn")


def exact() -> Path:
    """Two queries among 200 rows of 64 numbers by L2."""
    from methods.indexes.exact import ExactIndex

    rows = np.random.default_rng(1).standard_normal((202, 64), dtype=np.float32)
    index = ExactIndex("l2")
    index.add(rows[:200])
    return lambda: index.search(rows[200:], 20)


def hamming() -> Path:
    """Two queries among 1,000 codes of 64 bits."""
    from methods.indexes.hamming import HammingIndex

    codes = np.random.default_rng(2).integers(0, 256, (1002, 8), dtype=np.uint8)
    index = HammingIndex()
    index.add(codes[:1000])
    return lambda: index.search(codes[1000:], 20)


def best_of_scores() -> Path:
    """The best 20 of 1,000 scores, for three queries, with ties."""
    from methods.indexes.topk import top_k

    scores = np.random.default_rng(3).integers(0, 500, (3, 1000)).astype(np.float32)
    return lambda: top_k(scores, 20)


def metrics() -> Path:
    """hit@1, mAP and nDCG@10 of judged rankings of 80 images for four queries."""
    from benchmarks.metrics.judgement import judge
    from benchmarks.metrics.registry import evaluate

    random = np.random.default_rng(4)
    gallery, queries = random.integers(0, 6, 80), random.integers(0, 6, 4)
    ids = np.stack([random.permutation(80) for _ in queries]).astype(np.int32)
    scores = -np.sort(random.integers(0, 40, (4, 80)), axis=1).astype(np.float32)
    judged = judge(
        Ranking(ids, scores, np.zeros(4, dtype=bool)), gallery, queries, junk=np.empty((0, 2), dtype=np.int64)
    )
    return lambda: evaluate(judged, ["hit@1", "mAP", "nDCG@10"])


def loop() -> Path:
    """A thousand steps of a Python loop: what is planted into other paths to see whether it is found."""
    return lambda: spin(1000)


def spin(steps: int) -> None:
    """So many steps of nothing."""
    for _ in range(1000, 1000 + steps):  # small integers are kept by Python, and a step over them would cost less
        pass


PATHS: dict[str, Callable[[], Path]] = {
    "decode": decode,
    "exact search": exact,
    "Hamming search": hamming,
    "top k": best_of_scores,
    "metrics": metrics,
}
"""Name -> what prepares it and returns the call that is counted."""
LOOP = "loop"
"""Not a path of the project: the unit of what is planted."""
