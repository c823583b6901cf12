"""Methods whose answers are none, a kind each: for tests of what the harness believes."""

import numpy as np

from methods.ranking import Ranking
from methods.spec import MethodSpec, Part


class Bad:
    """Ranks everything alike, then spoils its answer."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._gallery = 0

    def fit(self, gallery):
        pass

    def index(self, gallery):
        self._gallery = len(gallery)

    def search(self, queries, k):
        count, depth = len(queries), min(k, self._gallery)
        ids = np.tile(np.arange(depth, dtype=np.int64), (count, 1))
        scores = np.tile(-np.arange(depth, dtype=np.float32), (count, 1))
        undetected = np.zeros(count, dtype=bool)
        match self.kind:
            case "nan":
                scores[:, ::2] = np.nan
            case "unsorted":
                scores = scores[:, ::-1].copy()
            case "out-of-range":
                ids[0, 0] = self._gallery
            case "negative":
                ids[0, 0] = -7
            case "wrapped":
                ids[0, 0] += 2**32
            case "unsigned":
                ids = ids.astype(np.int32).astype(np.uint32)
                ids[0, -1] = 2**32 - 1
            case "duplicated":
                ids[:, 1] = ids[:, 0]
            case "missing-rows":
                ids, scores, undetected = ids[1:], scores[1:], undetected[1:]
            case "strings":
                ids = ids.astype(str)
            case "objects":
                scores = scores.astype(object)
            case "padding":
                ids[0, -1] = -1
            case "undetected":
                undetected[0] = True
            case "masked":
                scores = np.ma.masked_array(scores, mask=scores == 0)
            case "matrix":
                ids = np.matrix(ids)
            case "too-wide":
                scores = scores.astype(np.float64)
                scores[:, -1] = -1e300
            case "no-ranking":
                return ids, scores
        return Ranking(ids, scores, undetected)

    def similarity(self, left, right):
        return np.full(len(left), np.nan, dtype=np.float32)

    @property
    def nbytes(self):
        return {"huge": 10**30, "minus": -1, "nan-bytes": float("nan"), "text-bytes": "many"}.get(self.kind, 8)


class BadEncoder:
    """Means of colours, spoilt."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.batch_size = 0 if kind == "no-batch" else 4

    def encode(self, images):
        rows = np.array([image.mean(axis=(0, 1)) for image in images], dtype=np.float32)
        match self.kind:
            case "float64":
                return rows.astype(np.float64)
            case "one-row":
                return rows[:1]
            case "flat":
                return rows[:, 0]
            case "part-nan":
                rows[0, 1] = np.nan
            case "infinite":
                rows[0, 1] = np.inf
            case "list":
                return rows.tolist()
            case "masked":
                return np.ma.masked_array(rows, mask=rows > 0)
        return rows


RANKINGS = {
    "nan": "NaN scores",
    "unsorted": "scores that rise along a row",
    "out-of-range": "1 ids outside 0 to",
    "negative": "1 ids outside 0 to",
    "wrapped": "1 ids outside 0 to",
    "unsigned": "1 ids outside 0 to",
    "duplicated": "images returned twice",
    "missing-rows": "rows of results in",
    "strings": "ids are <U",
    "objects": "scores are object",
    "padding": "1 ids of -1 without a score of -inf",
    "undetected": "results of undetected queries",
    "masked": "scores are MaskedArray",
    "matrix": "ids are matrix",
    "too-wide": "scores beyond float32",
    "no-ranking": "search returned tuple",
    "huge": "nbytes is 1000000",
    "minus": "nbytes is -1",
    "nan-bytes": "nbytes is nan",
    "text-bytes": "nbytes is many",
}
ENCODERS = {
    "float64": "encode returned float64",
    "one-row": "encode returned shape (1, 3)",
    "flat": "encode returned shape",
    "part-nan": "with NaN or infinite numbers",
    "infinite": "with NaN or infinite numbers",
    "list": "encode returned list",
    "masked": "encode returned MaskedArray",
    "no-batch": "batch_size is 0",
}

METHODS = [
    *(
        MethodSpec(
            id=f"answers-{kind}",
            family="pixels",
            summary=kind,
            source="tests",
            method=Part("bad_answers:Bad", {"kind": kind}),
        )
        for kind in RANKINGS
    ),
    *(
        MethodSpec(
            id=f"encodes-{kind}",
            family="pixels",
            summary=kind,
            source="tests",
            encoder=Part("bad_answers:BadEncoder", {"kind": kind}),
            index=Part("methods.indexes.exact:ExactIndex", {"metric": "l2"}),
        )
        for kind in ENCODERS
    ),
]
