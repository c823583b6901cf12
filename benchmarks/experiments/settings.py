"""What every measuring command can be told, whatever it measures."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.devices import KERAS_BACKENDS

MEMORY_SHARE = 0.8
"""Of the machine's memory, what a process may use unless said otherwise."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things lie, what processes run on, what they may take, and what is done with stored rows."""

    data_dir: Path | None = None
    weights_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int = 1
    device: str = "cpu"
    """cpu or gpu."""
    keras_backend: str = KERAS_BACKENDS[0]
    timeout: float = 1800.0
    """Seconds that one process may run, or take for an answer."""
    memory_bytes: int | None = None
    force: bool = False
    """Measure again what is stored."""
    dry_run: bool = False
    """Say what would be measured, and measure nothing."""

    @property
    def memory_limit(self) -> int:
        """Bytes a process may use."""
        return self.memory_bytes or int(psutil.virtual_memory().total * MEMORY_SHARE)
