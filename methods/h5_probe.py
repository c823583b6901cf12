"""Reads an .h5 file to its end in a process of its own: a file made to crash the HDF5 library ends that process only.

For files that no published checksum vouches for. Run as a script; it imports nothing of the project.
"""

import subprocess
import sys
from pathlib import Path

SECONDS = 120
MEMORY = 8 << 30
"""Bytes of address space; the largest network's file has 0.6 GiB."""


def crashes(path: Path) -> str:
    """How reading the file ended its process ("SIGSEGV", "timeout"); "" where it was read, or refused in good order."""
    import signal

    command = [sys.executable, "-P", __file__, str(path.resolve())]
    try:
        code = subprocess.run(command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s"
    return signal.Signals(-code).name if code < 0 else ""


def _read(path: str) -> None:
    import resource

    import h5py

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))

    def look(name: str, member: object) -> None:
        attributes = getattr(member, "attrs", {})
        for key in attributes:
            attributes[key]
        if isinstance(member, h5py.Dataset) and not member.external and not member.is_virtual:
            for part in member.iter_chunks() if member.chunks else [()]:
                member[part]

    with h5py.File(path, "r") as file:
        look("", file)
        file.visititems(look)


if __name__ == "__main__":
    _read(sys.argv[1])
