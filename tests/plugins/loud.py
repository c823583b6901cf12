"""Methods whose errors and output are long or hostile: for tests of what is kept and printed of them."""

import os

from misbehaving import MeanColour

from methods.spec import MethodSpec, Part

HOSTILE = "\x1b[2J\x1b]0;title\x07 [/x][red] =1+1 \u202egnp.exe \udcff\x00\x85\u2028 | <script>alert(1)</script>"


class UnreadableError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Loud(MeanColour):
    """Writes or raises one thing when it is fitted."""

    def __init__(self, deed: str) -> None:
        super().__init__()
        self.deed = deed

    def fit(self, gallery):
        match self.deed:
            case "long":
                raise ValueError("word-1.5/path " * 15_000)
            case "hostile":
                print(HOSTILE)
                raise ValueError(HOSTILE)
            case "unreadable":
                raise UnreadableError
            case "flood":
                os.write(1, b"the beginning\n")
                for _ in range(64):
                    os.write(1, b"x" * 2**20)
                print("\nthe end")
                raise ValueError("flooded")


METHODS = [
    MethodSpec(
        id=f"loud-{deed}",
        family="pixels",
        summary=deed,
        source="tests",
        method=Part("loud:Loud", {"deed": deed}),
    )
    for deed in ("long", "hostile", "unreadable", "flood")
]
