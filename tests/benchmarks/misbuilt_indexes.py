"""Indexes that fail in every way an index can; a process of its own builds them."""

import os
import signal
import time

import numpy as np

ROWS = 300
"""More rows than a first trial gets: a small gallery is no trouble to any of these."""


class Fine:
    metric = "l2"
    ef_search = 1

    def __init__(self):
        self.vectors = np.empty((0, 1), dtype=np.float32)

    def add(self, vectors):
        self.vectors = vectors.copy()
        if len(vectors) >= ROWS:
            self.trouble()

    def trouble(self):
        pass

    def search(self, vectors, k):
        ids = np.full((len(vectors), k), self.ef_search, dtype=np.int32)
        return ids, np.zeros(ids.shape, dtype=np.float32)

    @property
    def nbytes(self):
        return self.vectors.nbytes


class Raises(Fine):
    def trouble(self):
        raise RuntimeError("not to my\ntaste")


class Dies(Fine):
    def trouble(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Sleeps(Fine):
    def trouble(self):
        time.sleep(60)


class Swells(Fine):
    def trouble(self):
        self.kept = []
        for _ in range(40):
            self.kept.append(np.ones(2**22))
            time.sleep(0.05)


class FailsLater(Fine):
    def search(self, vectors, k):
        if self.ef_search == 13:
            raise RuntimeError("thirteen")
        return super().search(vectors, k)


class RefusesRows(Fine):
    """Whose rows come and go by name alone; the first trial gets fewer."""

    def insert(self, ids, vectors):
        raise RuntimeError("full")

    def remove(self, ids):
        pass
