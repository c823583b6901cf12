"""What comparing two pictures showed is kept: a pair of contents is compared once, an unchanged folder not at all.

A check depends on its two pictures alone, but which pairs are checked depends on all pictures of the folder. So where
one has come or gone the pairs are proposed anew, and what is found is what a first call would find.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.duplicates.links import Link
from benchmarks.duplicates.now_and_then import now_and_then
from benchmarks.system.files import DamagedFile, if_intact, read_arrays, write_atomically
from datasets.notes import note
from datasets.words import count_of
from methods.duplicates.alignment import Aligned

CHECK = np.dtype([("one", "<i4"), ("other", "<i4"), ("way", "u1"), ("share", "<f8"), ("cells", "<u8", (2,))])
"""Positions among the contents, how the two were laid upon each other, and what was found (see Aligned)."""
WAYS = 16
"""More than there are: a turn or mirror image of the whole frame, or of its features."""
_NAMES = ("state", "contents", "checks")
_UNFINISHED = np.zeros(32, np.uint8)
"""The state of checks that are not all that their contents ask for."""


class KeptChecks:
    """The checks of the pairs of some contents: those of an earlier call, and those made since."""

    def __init__(self, contents: Sequence[bytes], checks: np.ndarray, complete: bool) -> None:
        """`checks` (m,) CHECK; `complete`: they are all that these contents ask for."""
        self.complete = complete
        self._count = len(contents)
        self._known = checks[np.argsort(self._keys(checks), kind="stable")]
        self._sorted = self._keys(self._known)
        self._used = np.full(len(checks), complete)
        self._made: list[tuple[int, int, int, float, tuple[int, int]]] = []
        self.made_some: Callable[[], None] = lambda: None
        """Called after each check that is made."""

    def check(self, one: int, other: int, way: int, compare: Callable[[], Aligned]) -> Aligned:
        """What comparing these two pictures shows: as it is known, or by `compare`."""
        key = (one * self._count + other) * WAYS + way
        place = int(np.searchsorted(self._sorted, key))
        if place < len(self._sorted) and self._sorted[place] == key:
            self._used[place] = True
            known = self._known[place]
            return Aligned(float(known["share"]), (int(known["cells"][0]), int(known["cells"][1])))
        found = compare()
        self._made.append((one, other, way, found.share, found.cells))
        self.made_some()
        return found

    def checks(self) -> np.ndarray:
        """All that were asked for, (m,) CHECK; before the last was, those of the earlier call as well."""
        known = self._known[self._used] if self.complete else self._known
        return np.concatenate([known, np.array(self._made, dtype=CHECK)])

    def _keys(self, checks: np.ndarray) -> np.ndarray:
        one, other = checks["one"].astype(np.int64), checks["other"].astype(np.int64)
        return (one * self._count + other) * WAYS + checks["way"]


@contextmanager
def kept_checks(folder: Path, key: str, contents: Sequence[bytes]) -> Iterator[KeptChecks]:
    """Those kept below `folder` under `key`; within the block more are made, and kept also where it is interrupted.

    They are kept now and then as well, for a process that is killed keeps nothing.
    """
    path = folder / f"checks-{key}.npz"
    kept = if_intact(lambda path: _read(path, contents), path) or KeptChecks(contents, np.empty(0, CHECK), False)
    was_complete = kept.complete
    kept.made_some = now_and_then(lambda: _write(path, contents, kept))
    try:
        yield kept
    finally:
        if not was_complete:
            for older in folder.glob("checks-*.npz"):
                if older != path:
                    older.unlink(missing_ok=True)
            _write(path, contents, kept)


def links_of(checks: np.ndarray) -> Iterator[Link]:
    """A link for every check in which something agrees."""
    for one, other, _, share, (here, there) in checks[checks["share"] > 0].tolist():
        link = Link(one, other, share, (here, there))
        yield link if one < other else link.reversed()


def _state(contents: Sequence[bytes]) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(b"".join(contents)).digest(), np.uint8)


def _read(path: Path, contents: Sequence[bytes]) -> KeptChecks | None:
    """The checks of `path` whose contents are both still there, by their positions now; None where there is no file."""
    arrays = read_arrays(path, _NAMES)
    if arrays is None:
        return None
    try:
        there = [row.tobytes() for row in arrays["contents"].reshape(-1, 32)]
        position = {content: number for number, content in enumerate(contents)}
        now = np.array([position.get(content, -1) for content in there], dtype=np.int64)
        checks = arrays["checks"].astype(CHECK)
        one, other = now[checks["one"]], now[checks["other"]]
    except (IndexError, TypeError, ValueError) as error:
        raise DamagedFile(path, error) from error
    still = (one >= 0) & (other >= 0)
    checks = checks[still]
    if np.array_equal(arrays["state"], _UNFINISHED):
        note(f"an interrupted comparison goes on: {count_of(len(checks), 'pair has', 'pairs have')} been compared")
    checks["one"], checks["other"] = one[still], other[still]
    return KeptChecks(contents, checks, np.array_equal(arrays["state"], _state(contents)))


def _write(path: Path, contents: Sequence[bytes], kept: KeptChecks) -> None:
    """`state` says of which contents they are all the checks: of none where some are still to be made."""
    state = _state(contents) if kept.complete else _UNFINISHED
    packed = np.frombuffer(b"".join(contents), np.uint8).reshape(-1, 32)
    with write_atomically(path) as file:
        np.savez(file, state=state, contents=packed, checks=kept.checks())
