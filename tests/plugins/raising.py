"""Methods whose code raises what ends a process, answers what is no answer, or leaves a thread behind."""

import sys
import threading
import time

import numpy as np

from methods.ranking import Ranking
from methods.spec import MethodSpec, Part


class SilentError(BaseException):
    """One whose text cannot be had."""

    def __str__(self) -> str:
        raise SystemExit(0)


def _recurse() -> None:
    _recurse()


def _raise(error: BaseException) -> None:
    raise error


def _thread() -> None:
    threading.Thread(target=time.sleep, args=(600,)).start()


DEEDS = {
    "exit": lambda: sys.exit(0),
    "interrupt": lambda: _raise(KeyboardInterrupt()),
    "generator": lambda: _raise(GeneratorExit("x")),
    "silent": lambda: _raise(SilentError()),
    "hostile": lambda: _raise(ValueError("\x1b[2J\u202e=cmd|[/red]\n<b>")),
    "recursion": _recurse,
    "long": lambda: _raise(KeyError("x" * 100_000)),
    "thread": _thread,
}
ANSWERS = {
    "none": lambda count: None,
    "far": lambda count: Ranking(np.array([[10**6]], np.int32), np.zeros((1, 1), np.float32), np.ones(1, bool)),
    "nan": lambda count: Ranking(np.array([[0]], np.int32), np.full((1, 1), np.nan, np.float32), np.zeros(1, bool)),
}


class Raising:
    """Does its deed when it is asked for `when`."""

    nbytes = 0

    def __init__(self, deed: str, when: str) -> None:
        self.deed, self.when, self.count = deed, when, 0
        self._at("build")

    def _at(self, now: str) -> None:
        if self.when == now and self.deed in DEEDS:
            DEEDS[self.deed]()

    def fit(self, gallery) -> None:
        self._at("fit")

    def index(self, gallery) -> None:
        self.count = len(gallery)

    def search(self, queries, k: int):
        self._at("search")
        if self.deed in ANSWERS:
            return ANSWERS[self.deed](self.count)
        ids = np.tile(np.arange(self.count, dtype=np.int32), (len(queries), 1))
        return Ranking(ids, -ids.astype(np.float32), np.zeros(len(queries), bool))


METHODS = [
    MethodSpec(
        id=f"raising-{deed}-{when}",
        family="pixels",
        summary="",
        source="",
        method=Part("raising:Raising", {"deed": deed, "when": when}),
    )
    for deed in (*DEEDS, *ANSWERS)
    for when in ("build", "fit", "search")
]
