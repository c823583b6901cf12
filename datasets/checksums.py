"""Checksums of files: both published kinds in one reading, and what to say when they do not match."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Checksums:
    """Lower-case hex digests. Publishers give the one or the other (Keras and CIFAR-10 md5, LFW sha256) or none."""

    sha256: str | None = None
    md5: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is anything to verify against."""
        return self.sha256 is not None or self.md5 is not None

    def mismatch(self, actual: "Checksums") -> str | None:
        """None if `actual` agrees with all that is known here, else "sha256 is abc…, expected def…"."""
        for kind in ("sha256", "md5"):
            expected, got = getattr(self, kind), getattr(actual, kind)
            if expected is not None and got != expected:
                return f"{kind} is {got}, expected {expected}"
        return None

    def __str__(self) -> str:
        """As printed in manual steps."""
        known = [f"{kind} {value}" for kind, value in (("sha256", self.sha256), ("md5", self.md5)) if value]
        return ", ".join(known) or "none published"


def file_checksums(path: Path) -> Checksums:
    """Sha256 and md5 of a file, read once. Raises OSError."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    return Checksums(sha256.hexdigest(), md5.hexdigest())
