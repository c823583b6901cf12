"""Methods that end or stop their own process while they are checked: for tests of `check`."""

import os
import signal
import time

from methods.spec import MethodSpec, Part


class Ends:
    """Does its deed when it is fitted."""

    nbytes = 8

    def __init__(self, deed: str) -> None:
        self.deed = deed

    def fit(self, gallery):
        match self.deed:
            case "exit":
                raise SystemExit(0)
            case "end":
                os._exit(0)
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hang":
                time.sleep(600)

    def index(self, gallery):
        pass

    def search(self, queries, k):
        raise NotImplementedError


METHODS = [
    MethodSpec(
        id=f"check-{deed}", family="pixels", summary="", source="tests", method=Part("bad_checks:Ends", {"deed": deed})
    )
    for deed in ("exit", "end", "crash", "hang")
]
