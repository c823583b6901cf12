"""Encoders that go wrong in every way a process can, when they look at images or are made, and one that works."""

import os
import signal
import subprocess
import sys
import time

import numpy as np

from methods.spec import MethodSpec, Part

LEFT_BEHIND = "left-behind-by-a-faulty-encoder"
DEEDS = ("fine", "raises", "segfaults", "hangs", "swells", "forks", "exits", "floods")


class Faulty:
    batch_size = 8

    def __init__(self, deed: str, at_once: bool = False) -> None:
        self.deed = deed
        if at_once:
            self._go_wrong()

    def encode(self, images):
        self._go_wrong()
        return np.array([image.mean(axis=(0, 1)) for image in images], dtype=np.float32)

    def _go_wrong(self) -> None:
        match self.deed:
            case "raises":
                raise ValueError("the images\nare not to my taste")
            case "segfaults":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hangs":
                time.sleep(600)
            case "swells":
                blocks = []
                while True:
                    blocks.append(np.ones(2**23))
                    time.sleep(0.01)
            case "forks":
                code = "import time; time.sleep(600)"
                subprocess.Popen([sys.executable, "-c", code, LEFT_BEHIND], start_new_session=True)
                raise ValueError("forked")
            case "exits":
                os._exit(0)
            case "floods":
                for _ in range(32):
                    os.write(1, b"x" * 2**20)
                raise ValueError("flooded")


def _method(deed: str, prefix: str, at_once: bool, requires: tuple[str, ...]) -> MethodSpec:
    return MethodSpec(
        id=f"{prefix}-{deed}",
        family="embedding",
        summary=deed,
        source="tests",
        encoder=Part("faulty:Faulty", {"deed": deed, "at_once": at_once}),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": "l2"}),
        requires=requires,
    )


METHODS = [
    *(_method(deed, "faulty", False, ()) for deed in DEEDS),
    *(_method(deed, "network", True, ("keras",)) for deed in DEEDS),
]
