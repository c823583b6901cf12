"""What was asked for on the command line."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.indexes.turns import Budget
from benchmarks.indexes.vectors import Source


@dataclass(frozen=True)
class Request:
    """Whose vectors, which indexes over them, and what they may take."""

    sources: tuple[Source, ...]
    families: tuple[str, ...] = ()
    """Beside the exact index; all unless given."""
    budget: Budget = field(default_factory=Budget)
    batch: int = 64
    """Queries asked at once, where they are not asked one by one."""
    data_dir: Path | None = None
    weights_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int = 1
    memory_limit: int = 2**34
    """Bytes that one process may have for itself."""
