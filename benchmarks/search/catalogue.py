"""Which images lie in a folder, by content: a small database that is brought up to date, not made again.

A file whose size, inode and times of modification and of change are as before is not opened. One that is new or changed
is read and hashed, so that a file which was only moved or touched keeps its rows.
"""

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.search import peculiar
from benchmarks.search.errors import SearchError
from benchmarks.search.folder_files import FoundFile, image_files
from benchmarks.search.peculiar import Peculiarity, seal_of
from datasets.errors import ImageError
from datasets.notes import note_damage
from datasets.passed_over import PassedOver
from datasets.reading import opened
from datasets.safe_text import one_line

_DAMAGED = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
"""What the database says of a file that is none; the first of a name in its schema that is another."""
_PATIENCE = 120.0
"""Seconds to wait for another process that writes."""
ROWS = "rows"
"""The folder beside a catalogue with the rows that were made of its images."""
BATCH = 1000
"""Files between two commits: what an interruption costs."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS images(
    id INTEGER PRIMARY KEY, path BLOB UNIQUE, size INTEGER, mtime_ns INTEGER, sha256 BLOB, problem TEXT,
    ctime_ns INTEGER, inode INTEGER, seal INTEGER);
CREATE TEMP TABLE IF NOT EXISTS seen(path BLOB PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS listed(id INTEGER PRIMARY KEY, path BLOB UNIQUE, sha256 BLOB, problem TEXT);
"""
_UPSERT = """
INSERT INTO images(path, size, mtime_ns, ctime_ns, inode, sha256, problem, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT(path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,
    inode = excluded.inode, sha256 = excluded.sha256, problem = excluded.problem, seal = excluded.seal;
"""
_LIST = """
DELETE FROM listed;
INSERT INTO listed SELECT id, path, sha256, problem FROM images;
"""
"""What this process goes by until its next update: another one may bring the database up to date meanwhile."""
_USABLE = "FROM listed WHERE sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM broken)"


class Catalogue:
    """The images of one folder; `path` is the database's file. Ids stay with a path for as long as it is there."""

    def __init__(self, path: Path, root: Path) -> None:
        """Open or start it; raises SearchError for a file that is no such database, or a place that is not writable."""
        self.root = root
        self.passed_over = PassedOver()
        """What the last update did not take up."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.with_name("opening.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # a change of the journal's mode does not wait for others itself
                try:
                    self._database = _opened(path)
                except sqlite3.Error as error:
                    if not _tells_of_damage(error):
                        raise
                    note_damage(path, error, "the folder's images are read again")
                    for each in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
                        each.unlink(missing_ok=True)
                    self._database = _opened(path)
                peculiar.forget_damaged(self._database, path)
                self._database.executescript(_LIST)
        except (sqlite3.Error, OSError) as error:
            raise SearchError(
                f"the index {path} cannot be used ({getattr(error, 'strerror', None) or error}): see to the space and "
                "permissions of its folder, or name another place with --index-dir"
            ) from error

    def update(self, advance: Callable[[int], None] = lambda files: None, again: bool = False) -> list[str]:
        """Bring it up to date with the folder; calls `advance` with the files looked at. Returns unreadable folders.

        With `again` every file is read, whatever its size and times say.
        """
        unreadable: list[str] = []
        self._database.execute("DELETE FROM seen")
        passed_over = PassedOver()
        files = image_files(self.root, unreadable, passed_over)
        while batch := list(islice(files, BATCH)):
            looked_at = [self._look_at(file, again) for file in batch]  # reads and hashes: nobody waits for that
            with self._writing() as database:
                for path, found in looked_at:
                    if found is not None:
                        database.execute(_UPSERT, (path, *found))
                    database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (path,))
            advance(len(batch))
        with self._writing() as database:
            database.execute("DELETE FROM images WHERE path NOT IN (SELECT path FROM seen)")
            for statement in _LIST.strip().split("\n"):
                database.execute(statement)
        self.passed_over = passed_over
        return unreadable

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A short transaction that waits for its turn at its beginning: one that began by reading could not wait.

        Raises SearchError where it cannot be written.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                yield self._database
        except sqlite3.Error as error:
            raise SearchError(
                f"the index {self._path} cannot be written ({error}): name another place with --index-dir"
            ) from error

    def __len__(self) -> int:
        return int(self._database.execute(f"SELECT count(*) {_USABLE}").fetchone()[0])

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Id and sha256 of every usable image, ordered by id."""
        return iter(self._database.execute(f"SELECT id, sha256 {_USABLE} ORDER BY id"))

    def digest(self, id: int) -> bytes:
        """The sha256 of the file; raises SearchError for an id that is not there, or a file that could not be read."""
        row = self._database.execute("SELECT sha256 FROM listed WHERE id = ?", (id,)).fetchone()
        if row is None or row[0] is None:
            raise SearchError(f"no image has the number {id}: it was removed, or never was in this gallery")
        return bytes(row[0])

    def holding(self, sha256: bytes) -> tuple[int, ...]:
        """The ids of usable images of this content, ordered."""
        rows = self._database.execute(f"SELECT id {_USABLE} AND sha256 = ? ORDER BY id", (sha256,))
        return tuple(id for (id,) in rows)

    def path(self, id: int) -> str:
        """The path below the root, as the file system spells it; raises SearchError for an id that is not there."""
        row = self._database.execute("SELECT path FROM listed WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise SearchError(f"no image has the number {id}: it was removed, or never was in this gallery")
        return os.fsdecode(row[0])

    def number(self, path: Path) -> int | None:
        """The id of the usable image at `path` below the root; None where there is none."""
        row = self._database.execute(f"SELECT id {_USABLE} AND path = ?", (os.fsencode(path),)).fetchone()
        return None if row is None else int(row[0])

    def mark_broken(self, sha256: bytes, reason: str) -> None:
        """Remember that images of this content cannot be decoded."""
        with self._writing() as database:
            peculiar.remember_broken(database, sha256, reason)

    def cut_short(self, found: Collection[bytes] = ()) -> int:
        """How many usable images lack their last bytes; `found` are contents that do, to be remembered."""
        return self._peculiar("cut_short", found)

    def flat(self, found: Collection[bytes] = ()) -> int:
        """How many usable images are known to show one flat colour; `found` are contents that do, to be remembered."""
        return self._peculiar("flat", found)

    def is_owed_a_look(self) -> bool:
        """Whether some of what decoding told of the images was lost: those that have rows are not decoded again."""
        return peculiar.is_owed(self._database)

    def looked(self) -> None:
        """Remember that every image was decoded again, and that what it told was remembered."""
        with self._writing() as database:
            peculiar.settle(database)

    def _peculiar(self, table: Peculiarity, found: Collection[bytes]) -> int:
        if found:
            with self._writing() as database:
                peculiar.remember(database, table, found)
        query = f"SELECT count(*) {_USABLE} AND sha256 IN {peculiar.CONTENTS[table]}"
        return int(self._database.execute(query).fetchone()[0])

    def problems(self, most: int) -> tuple[int, list[tuple[str, str]]]:
        """How many images cannot be used, and (path, reason) of the first `most`."""
        query = (
            "FROM listed LEFT JOIN broken USING (sha256) WHERE problem IS NOT NULL OR reason IS NOT NULL ORDER BY path"
        )
        count = self._database.execute(f"SELECT count(*) {query}").fetchone()[0]
        rows = self._database.execute(f"SELECT path, coalesce(problem, reason) {query} LIMIT ?", (most,))
        return count, [(os.fsdecode(path), reason) for path, reason in rows]

    def _look_at(self, file: FoundFile, again: bool) -> tuple[bytes, tuple[object, ...] | None]:
        """The file's path, and what is to be written of it: None where it is as before."""
        path = os.fsencode(file.path)
        signs = tuple(map(_storable, (file.size, file.mtime_ns, file.ctime_ns, file.inode)))
        known = self._database.execute(
            "SELECT sha256, seal FROM images WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? "
            "AND inode = ? AND problem IS NULL",
            (path, *signs),
        ).fetchone()
        if known is not None and not again:
            sha256, seal = known
            if seal == seal_of(path, *signs, sha256, None):
                return path, None
            if seal is not None:  # as it is in a catalogue of an older version
                note_damage(self._path, f"its entry of {one_line(os.fsdecode(path))}", "the file is read again")
        found = (*signs, *_content(self.root / file.path))
        return path, (*found, seal_of(path, *found))


def _storable(number: int) -> int:
    """The number as 64 bits with a sign, which the times of a date after 2262 do not fit."""
    return (number + 2**63) % 2**64 - 2**63


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a database that is whole; raises sqlite3.Error."""
    # Searches in threads of a server take turns (see benchmarks.web), so one connection serves them all.
    # Transactions are begun by hand, where something is written.
    database = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        is_new = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        database.executescript(peculiar.TABLES + _SCHEMA)
        if is_new and path.with_name(ROWS).exists():  # another catalogue was there: it was damaged, or emptied
            peculiar.owe(database)
        found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        _add_columns(database)
        database.execute("SELECT id, path, size, mtime_ns, sha256, problem FROM images LIMIT 1").fetchone()
        database.execute("SELECT sha256, reason FROM broken LIMIT 0").fetchone()
        database.execute("SELECT sha256 FROM cut_short LIMIT 1").fetchone()
        database.execute("SELECT sha256 FROM flat LIMIT 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    except UnicodeDecodeError as error:  # of the schema's text, or of what sqlite says of it
        database.close()
        raise sqlite3.DatabaseError(str(error)) from error
    return database


def _add_columns(database: sqlite3.Connection) -> None:
    """Those that an older catalogue lacks: its files are then read once more."""
    added = {"images": ("ctime_ns", "inode", "seal")} | dict.fromkeys(("broken", "cut_short", "flat"), ("seal",))
    for table, columns in added.items():
        there = {name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")}
        for name in columns:
            if name not in there:
                database.execute(f"ALTER TABLE {table} ADD COLUMN {name} INTEGER")


def _tells_of_damage(error: sqlite3.Error) -> bool:
    """Whether it is the file that is wrong, and not that it is locked, cannot be written or has no room."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _DAMAGED


def _content(path: Path) -> tuple[bytes | None, str | None]:
    """The sha256 of a file's bytes, or why it cannot be read."""
    try:
        with opened(path, "") as file:
            return hashlib.file_digest(file, "sha256").digest(), None
    except ImageError as error:
        return None, str(error).removeprefix(": ")
