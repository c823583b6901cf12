"""Runs hot paths under callgrind and reads how many instructions each call took."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.instructions.child import MARKER
from datasets.errors import BenchmarkError

PINNED = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "AVX F16C FMA3 AVX2 X86_V3",
    "JSIMD_FORCENONE": "1",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,-RTM",
}
"""Has BLAS, NumPy, libjpeg and the C library take the same code on every x86-64 processor."""
_SUMMARY = re.compile(r"^summary: (\d+)$", re.MULTILINE)
_SECONDS = 1800


class CountError(BenchmarkError):
    """Instructions cannot be counted here."""


def count(
    paths: Sequence[str],
    repeats: int = 3,
    planted: Mapping[str, int] | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, np.ndarray]:
    """Instructions of each of `repeats` calls of each path (r,), all in one process.

    `planted` are steps of a Python loop that run beside a path's call, `environment` is added to that of the
    process. Raises CountError where callgrind is missing or fails.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise CountError("instructions are counted by callgrind, which is not here: install valgrind (Debian: apt)")
    job = json.dumps({"paths": list(paths), "repeats": repeats, "planted": dict(planted or {})})
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "counts")
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}", f"--dump-before={MARKER}", "-q"]
        command += [sys.executable, "-m", "benchmarks.instructions.child", job]
        try:
            done = subprocess.run(
                command,
                cwd=Path(__file__).parents[2],
                env={**os.environ, **PINNED, **(environment or {})},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise CountError(f"counting took longer than {_SECONDS} s; count fewer paths") from error
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise CountError(f"callgrind failed: {last[0]}")
        dumps = [_counted(out.with_name(f"{out.name}.{number}")) for number in range(1, _dumps(out) + 1)]
    if len(dumps) != len(paths) * (repeats + 1):
        raise CountError(f"callgrind left {len(dumps)} counts, not {len(paths) * (repeats + 1)}: its version differs")
    # Of each path the first holds what prepared it, the others a call each.
    return {name: row[1:] for name, row in zip(paths, np.reshape(dumps, (len(paths), repeats + 1)), strict=True)}


def _dumps(out: Path) -> int:
    return len(list(out.parent.glob(f"{out.name}.*")))


def _counted(path: Path) -> int:
    found = _SUMMARY.search(path.read_text(errors="replace"))
    if found is None:
        raise CountError(f"{path.name} holds no count: its version of callgrind differs")
    return int(found[1])
