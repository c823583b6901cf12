"""What the page offers and whom it answers."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.search.searcher import Places

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Settings:
    """Galleries, places and limits of one server. A client can ask for nothing else."""

    galleries: tuple[str, ...]
    places: Places
    tables: Path
    """Folder with overview.csv: the leaderboard, and what decides the default method."""
    plugins: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK
    """Names under which the page may be asked for; a request for any other is refused (DNS rebinding)."""
    most_bytes: int = 20 * 2**20
    """Of one request."""
