"""The errors a user can act on; every floor raises these, and only these, for bad input."""

import difflib
from collections.abc import Iterable

_FEW = 10
"""Names that an error lists although one of them is near."""


class BenchmarkError(Exception):
    """Something the user can fix. The message is one line: what is wrong, where, and what to do."""


class ImageError(BenchmarkError):
    """One image cannot be used (unreadable, corrupt, too large). Such images are skipped and counted."""


class DataError(BenchmarkError):
    """A data set is absent, truncated, malformed or empty."""


class DownloadError(BenchmarkError):
    """A download failed, did not match its checksum, or holds an unsafe archive."""


class WeightsError(BenchmarkError):
    """A weights file is absent, has the wrong checksum or does not fit the network."""


class UnknownNameError(BenchmarkError):
    """A method, data set, subset or metric that does not exist; the message suggests the nearest names."""


def suggest(kind: str, name: str, known: Iterable[str]) -> str:
    """One line for an unknown name: "unknown method 'phsh': did you mean phash?".

    All that are known are named as well, where they are few or none is near.
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    listed = f"known: {', '.join(names)}"
    if not near:
        return f"unknown {kind} {name!r}: {listed}"
    hint = f"did you mean {' or '.join(near)}?"
    return f"unknown {kind} {name!r}: {hint}" + (f" ({listed})" if len(names) <= _FEW else "")
