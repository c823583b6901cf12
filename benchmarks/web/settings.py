"""What the page offers and whom it answers."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search.searcher import Places

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
"""Addresses that stand for all of this machine's."""


@dataclass(frozen=True)
class Settings:
    """Galleries, places and limits of one server. A client can ask for nothing else."""

    galleries: tuple[str, ...]
    places: Places
    tables: Path
    """Folder with overview.csv: the leaderboard, and what decides the default method."""
    plugins: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK
    """Names under which the page may be asked for; a request for any other is refused (DNS rebinding). One of
    EVERYWHERE allows every address in digits: no name was looked up for those."""
    host: str = LOOPBACK[0]
    """Where it listens."""
    most_bytes: int = 20 * 2**20
    """Of one request."""

    @property
    def is_private(self) -> bool:
        """Whether nobody but this machine's users can ask: they may be told where files lie."""
        return self.host in LOOPBACK or is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address in digits is this machine's own alone (127.0.0.2)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
