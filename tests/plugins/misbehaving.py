"""Methods that go wrong in every way a cell can, and one that works: for tests of the harness."""

import os
import signal
import subprocess
import sys
import time

import numpy as np

from datasets.errors import ImageError
from methods.ranking import rank_scores
from methods.spec import MethodSpec, Part
from methods.stages import stage


class MeanColour:
    """Ranks by the difference of mean colours."""

    def __init__(self) -> None:
        self._means = np.empty((0, 3))

    def fit(self, gallery):
        pass

    def index(self, gallery):
        self._means = np.array([image.mean(axis=(0, 1)) for image in gallery])

    def search(self, queries, k):
        with stage("decode"):
            images = list(queries)
        with stage("encode"):
            means = np.array([image.mean(axis=(0, 1)) for image in images])
        with stage("search"):
            scores = -np.abs(means[:, None] - self._means[None]).sum(axis=2)
            return rank_scores(scores, k)

    @property
    def nbytes(self):
        return self._means.nbytes


class Misbehaving(MeanColour):
    """Does one bad thing when it is fitted."""

    def __init__(self, deed: str) -> None:
        super().__init__()
        self.deed = deed

    def fit(self, gallery):
        print(f"about to {self.deed}")
        match self.deed:
            case "sleep":
                time.sleep(600)
            case "allocate":
                blocks = []
                while True:
                    blocks.append(np.ones(2**24))
                    time.sleep(0.02)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise ValueError("the gallery\nis not to my taste")
            case "user error":
                raise ImageError("photo.jpg is no image: replace it")
            case "import":
                import a_package_that_is_not_there  # noqa: F401
            case "allocate in a child":
                fill = "import time; block = bytearray(b'x') * (1536 * 2**20); time.sleep(600)"
                subprocess.run([sys.executable, "-c", fill], check=False)
            case "leave child":
                subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "left-behind-by-a-cell"])


def _bad(deed: str) -> MethodSpec:
    return MethodSpec(
        id=f"bad-{deed.replace(' ', '-')}",
        family="pixels",
        summary=f"does {deed}",
        source="tests",
        method=Part("misbehaving:Misbehaving", {"deed": deed}),
    )


METHODS = [
    MethodSpec(
        id="mean-colour",
        family="pixels",
        summary="mean colour, L1",
        source="tests",
        method=Part("misbehaving:MeanColour"),
    ),
    *map(_bad, ("sleep", "allocate", "kill", "raise", "user error", "import", "leave child", "allocate in a child")),
    MethodSpec(
        id="bad-requires",
        family="pixels",
        summary="needs what is not installed",
        source="tests",
        method=Part("misbehaving:MeanColour"),
        requires=("a_package_that_is_not_there",),
    ),
]
