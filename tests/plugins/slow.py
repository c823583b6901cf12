"""Methods that take their time, or their worker with them: for tests of hosts that die."""

import os
import signal
import time

import numpy as np
import psutil

from methods.ranking import rank_scores
from methods.spec import MethodSpec, Part


class Slow:
    """Waits while it is fitted, then ranks everything alike."""

    nbytes = 0

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._gallery = 0

    def fit(self, gallery):
        time.sleep(self.seconds)

    def index(self, gallery):
        self._gallery = len(gallery)

    def search(self, queries, k):
        return rank_scores(np.zeros((len(queries), self._gallery), dtype=np.float32), k)


class KillsItsWorker(Slow):
    """Kills the process that started the agent whose template it was forked from."""

    def fit(self, gallery):
        _template, _agent, worker = psutil.Process().parents()[:3]
        os.kill(worker.pid, signal.SIGKILL)
        time.sleep(60)


class SlowPixels:
    """Mean colours, at a leisurely pace."""

    batch_size = 4

    def encode(self, images):
        time.sleep(0.1 * len(images))
        return np.array([image.mean(axis=(0, 1)) for image in images], dtype=np.float32)


def _spec(name: str, target: str, seconds: float) -> MethodSpec:
    return MethodSpec(
        id=name,
        family="pixels",
        summary="for tests",
        source="tests",
        method=Part(f"slow:{target}", {"seconds": seconds}),
        tasks=("retrieval",),
    )


METHODS = [
    *(_spec(f"slow-{number}", "Slow", 1.0) for number in range(4)),
    _spec("endless", "Slow", 600.0),
    _spec("kills-its-worker", "KillsItsWorker", 0.0),
    MethodSpec(
        id="slow-pixels",
        family="pixels",
        summary="for tests",
        source="tests",
        encoder=Part("slow:SlowPixels"),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": "l2"}),
        tasks=("retrieval",),
    ),
]
