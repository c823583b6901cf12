"""Where a row comes from: code version, machine and library versions."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.rows.cell import Git, Machine, Provenance
from benchmarks.system.devices import find_gpu

_RECORDED = (
    "numpy",
    "scipy",
    "opencv-contrib-python-headless",
    "scikit-learn",
    "tensorflow",
    "torch",
    "jax",
    "keras",
    "openvino",
    "mtcnn",
    "imagehash",
)


@cache
def provenance() -> Provenance:
    """Code, machine and versions of this process, JSON-able; the same for every cell of one run."""
    return {"git": git_state(), "machine": machine(), "python": platform.python_version(), "packages": _packages()}


def command_line() -> str:
    """The command that this process was started with, without the folders of this machine; "" where it is not ours."""
    if Path(sys.argv[0]).parts[-2:] != ("benchmarks", "__main__.py") and not _is_installed_script():
        return ""
    words, places = [], ("--out", "--data", "--weights")
    for before, word in zip(["", *sys.argv[1:]], sys.argv[1:], strict=False):
        if before not in places and word.partition("=")[0] not in places:
            words.append(word)
    return shlex.join(["python", "-m", "benchmarks", *words])


def program() -> str:
    """What a user types to start this program again: the installed command where that was used."""
    return Path(sys.argv[0]).name if _is_installed_script() else "python -m benchmarks"


def _is_installed_script() -> bool:
    return Path(sys.argv[0]).name in ("ris", "reverse-image-search-benchmark")


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def machine() -> Machine:
    """CPU, usable cores, memory and system of this machine."""
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": gpu.name if (gpu := find_gpu()) else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def git_state() -> Git:
    """Commit and whether tracked files differ from it; commit None outside a checkout."""
    commit = _git("rev-parse", "HEAD")
    dirty = bool(_git("status", "--porcelain", "--untracked-files=no")) if commit else None
    return {"commit": commit, "dirty": dirty}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _packages() -> dict[str, str]:
    found = {}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except ImportError:
            found[name] = "absent"
    return found
