"""What decoding told of contents, in a catalogue's database: which cannot be decoded, lack their end, show one colour.

A checksum lies beside each, as beside the entries of files: the database notices where a page is broken, not where a
byte of a content is another. Nobody decodes a picture again that has rows, so what is lost of it is owed: the pictures
are to be looked at once more.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from datasets.notes import note_damage

Peculiarity = Literal["cut_short", "flat"]

TABLES = """
CREATE TABLE IF NOT EXISTS broken(sha256 BLOB PRIMARY KEY, reason TEXT, seal INTEGER);
CREATE TABLE IF NOT EXISTS cut_short(sha256 BLOB PRIMARY KEY, seal INTEGER);
CREATE TABLE IF NOT EXISTS flat(sha256 BLOB PRIMARY KEY, seal INTEGER);
"""
CONTENTS: Mapping[Peculiarity, str] = {
    "cut_short": "(SELECT sha256 FROM cut_short)",
    "flat": "(SELECT sha256 FROM flat)",
}
"""Those that are so, as a part of a query."""
_READ = {
    "broken": "SELECT rowid, seal, sha256, CAST(reason AS BLOB) FROM broken",  # which may be no text any more
    "cut_short": "SELECT rowid, seal, sha256 FROM cut_short",
    "flat": "SELECT rowid, seal, sha256 FROM flat",
}
_ADD = {
    "cut_short": "INSERT OR REPLACE INTO cut_short(sha256, seal) VALUES (?, ?)",
    "flat": "INSERT OR REPLACE INTO flat(sha256, seal) VALUES (?, ?)",
}
_DROP = {
    "broken": "DELETE FROM broken WHERE rowid = ?",
    "cut_short": "DELETE FROM cut_short WHERE rowid = ?",
    "flat": "DELETE FROM flat WHERE rowid = ?",
}


def seal_of(*entry: object) -> int:
    """A checksum of what is stored together."""
    return zlib.crc32(repr(entry).encode())


def remember_broken(database: sqlite3.Connection, sha256: bytes, reason: str) -> None:
    """Within a transaction: images of this content cannot be decoded."""
    seal = seal_of("broken", sha256, reason.encode())
    database.execute("INSERT OR REPLACE INTO broken(sha256, reason, seal) VALUES (?, ?, ?)", (sha256, reason, seal))


def remember(database: sqlite3.Connection, what: Peculiarity, found: Iterable[bytes]) -> None:
    """Within a transaction: images of these contents are so."""
    database.executemany(_ADD[what], [(sha256, seal_of(what, sha256)) for sha256 in found])


def forget_damaged(database: sqlite3.Connection, path: Path) -> None:
    """Remove what is not as it was written from the database in `path`, and say so.

    A broken image is decoded again by whoever finds no row of it; all else is owed.
    """
    for table, stored in _READ.items():
        damaged = [(rowid,) for rowid, seal, *entry in database.execute(stored) if not _is_whole(table, seal, entry)]
        if damaged:
            note_damage(path, f"{len(damaged):,} of its table {table}", "the pictures are looked at again")
            database.execute("BEGIN IMMEDIATE")
            with database:
                database.executemany(_DROP[table], damaged)
                if table != "broken":
                    owe(database)


def owe(database: sqlite3.Connection) -> None:
    """What is known of the pictures is not all there is to know: they are to be looked at again."""
    database.execute("PRAGMA user_version = 1")


def is_owed(database: sqlite3.Connection) -> bool:
    """Whether the pictures are to be looked at again."""
    return bool(database.execute("PRAGMA user_version").fetchone()[0])


def settle(database: sqlite3.Connection) -> None:
    """All pictures have been looked at again."""
    database.execute("PRAGMA user_version = 0")


def _is_whole(table: str, seal: object, entry: list[object]) -> bool:
    """Without a checksum, as an older version left it, it has to be a content at least."""
    sha256 = entry[0]
    is_content = isinstance(sha256, bytes) and len(sha256) == 32
    return is_content and (seal is None or seal == seal_of(table, *entry))
