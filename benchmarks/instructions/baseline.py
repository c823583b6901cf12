"""Counts kept in a file, and whether new ones are worse."""

import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

import numpy as np

from benchmarks.core.columns import Column, count
from benchmarks.instructions.count import PINNED, CountError
from benchmarks.instructions.count import count as count_instructions
from benchmarks.instructions.paths import PATHS
from benchmarks.reporting.tables.model import Table
from benchmarks.system.files import read_record, write_record
from benchmarks.system.named_files import Form

WORSE = 0.005
"""A path that takes so much more instructions is worse: half of the one percent that is to be found for certain."""
REPEATS = 5
"""Calls of a path, whose median counts."""
_SCHEMA = 1
COUNTS = Form((".json",), (b'"circumstances": {',))
_PACKAGES = ("numpy", "pillow")


@dataclass(frozen=True)
class Change:
    """One path before and now, in instructions a call."""

    path: str
    before: int | None
    """None: the baseline does not hold it."""
    now: int

    @property
    def share(self) -> float | None:
        """How much more it takes now."""
        return None if self.before is None else self.now / self.before - 1

    @property
    def verdict(self) -> str:
        """worse, better, same or new."""
        if self.share is None:
            return "new"
        return "worse" if self.share > WORSE else "better" if self.share < -WORSE else "same"


def measured() -> dict[str, int]:
    """Instructions of a call of each path; raises CountError."""
    return {name: int(np.median(calls)) for name, calls in count_instructions(list(PATHS), REPEATS).items()}


def circumstances() -> dict[str, str]:
    """What counts depend on beside the code: two of different circumstances are not compared."""
    try:
        tool = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise CountError(f"valgrind does not start ({error}); install it anew") from error
    return {
        "python": platform.python_version(),
        "build": " ".join(platform.python_build()),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "valgrind": tool,
        **{name: version(name) for name in _PACKAGES},
        **{f"${name}": value for name, value in PINNED.items()},
    }


def write_baseline(path: Path, counts: Mapping[str, int]) -> None:
    """Keep counts, and what they depend on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, {"schema": _SCHEMA, "circumstances": circumstances(), "counts": dict(counts)})


class _Stored(TypedDict):
    """A baseline file."""

    counts: dict[str, int]
    circumstances: dict[str, str]


def compared(path: Path, counts: Mapping[str, int]) -> list[Change]:
    """Each path against the baseline in `path`; raises CountError where there is none that can be compared with."""
    stored = read_record(path, _Stored, _SCHEMA)
    if stored is None:
        raise CountError(f"no counts are stored in {path}: write them with --update, from the code to compare with")
    here = circumstances()
    other = [
        f"{name.lstrip('$')} {stored['circumstances'].get(name, 'absent')}, here {value}"
        for name, value in here.items()
        if stored["circumstances"].get(name) != value
    ]
    if other:
        raise CountError(f"counts in {path} were made with {other[0]}: they do not compare; write them here (--update)")
    return [Change(name, stored["counts"].get(name), now) for name, now in counts.items()]


def table(changes: list[Change]) -> Table:
    """What is printed and written of them."""
    columns = (
        Column("path", "method", is_text=True),
        Column("instructions before", "before", count),
        Column("now", "now", count),
        Column("change", "share", lambda value: f"{value:+.2%}"),
        Column("verdict", "verdict", is_text=True),
    )
    rows = [
        {"method": each.path, **{name: getattr(each, name) for name in ("before", "now", "share", "verdict")}}
        for each in changes
    ]
    pins = ", ".join(f"{name}={value}" for name, value in PINNED.items())
    notes = [
        f"Instructions of one call (median of {REPEATS}), counted by callgrind; other load on the machine does not "
        f"change them. Worse: more than {WORSE:.1%} more. Code paths are pinned: {pins}. Faster SIMD code of newer "
        "processors is not counted, nor are cache misses: time is compared apart (`latency --against`)."
    ]
    return Table("Instructions of hot paths", columns, rows, notes)
