"""In how many bits packed codes differ, and which of a gallery's differ least, counted by faiss's popcounts."""

import numpy as np

WORD = 8
"""Bytes of a machine word: faiss is quickest over whole ones. What is added to a code is 0 on both sides."""

ROOM = 1 << 24
"""Bytes of the largest temporary: queries are taken so many at a time."""


def differing_bits(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(m, n) int32 of codes (m, bytes) and (n, bytes) uint8, whole words each (`whole_words`).

    Raises ValueError for codes of two lengths.
    """
    import faiss

    _require_one_length(left, right)
    found = np.empty((len(left), len(right)), dtype=np.int32)
    ours, theirs, distances = map(faiss.swig_ptr, (left, right, found))
    faiss.hammings(ours, theirs, len(left), len(right), left.shape[1], distances)  # type: ignore[attr-defined]
    return found


def least_differing(codes: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k codes (n, bytes) that differ least from each query (q, bytes), whole words each: ids and bits (q, k) int32.

    Those that differ least go first; of equal ones the lower row, at the cut too. Raises ValueError for codes of two
    lengths.
    """
    k = min(k, len(codes))
    ids, bits = np.empty((2, len(queries), k), dtype=np.int32)
    if not k:
        return ids, bits
    _require_one_length(queries, codes)
    # faiss keeps, for every number of bits, room for k rows, in the order in which it meets them: the lower row first.
    # Where most rows are asked for, to sort them all takes less.
    is_scan = 2 * k <= len(codes)
    room = 8 * k * (8 * codes.shape[1] + 1) if is_scan else 4 * len(codes)
    step = max(1, ROOM // room)
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        ids[rows], bits[rows] = (_scanned if is_scan else _sorted)(codes, queries[rows], k)
    return ids, bits


def whole_words(codes: np.ndarray) -> np.ndarray:
    """Codes (n, bytes) uint8, padded with zero bytes to whole words of 8, contiguous.

    Raises ValueError for any other array.
    """
    return padded(codes, WORD)


def padded(codes: np.ndarray, size: int) -> np.ndarray:
    """Codes (n, bytes) uint8 with zero bytes added up to a multiple of `size`. Raises ValueError for any other."""
    if codes.dtype != np.uint8 or codes.ndim != 2:
        raise ValueError(f"Hamming search needs packed (n, bytes) uint8 codes, not {codes.shape} {codes.dtype}")
    more = -codes.shape[1] % size
    # np.pad takes longer than a query among ten thousand codes.
    return np.ascontiguousarray(np.pad(codes, ((0, 0), (0, more))) if more else codes)


def _scanned(codes: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    import faiss

    bits, ids = faiss.knn_hamming(queries, codes, k, variant="mc")
    return ids, bits


def _sorted(codes: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    differing = differing_bits(queries, codes)
    # Integers of two bytes are sorted by their digits, in a third of the time.
    short = differing.astype(np.min_scalar_type(8 * codes.shape[1]), copy=False)
    ids = np.argsort(short, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(differing, ids, axis=1)


def _require_one_length(left: np.ndarray, right: np.ndarray) -> None:
    if left.shape[1] != right.shape[1]:  # faiss would read beyond the shorter one
        raise ValueError(f"codes of {left.shape[1]} bytes cannot be compared with codes of {right.shape[1]}")
