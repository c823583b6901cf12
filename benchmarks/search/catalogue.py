"""Which images lie in a folder, by content: a small database that is brought up to date, not made again.

A file whose size, inode and times of modification and of change are as before is not opened. One that is new or changed
is read and hashed, so that a file which was only moved or touched keeps its rows.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.files import note
from benchmarks.search.errors import SearchError
from benchmarks.search.folder_files import FoundFile, image_files
from datasets.passed_over import PassedOver

BATCH = 1000
"""Files between two commits: what an interruption costs."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS images(
    id INTEGER PRIMARY KEY, path BLOB UNIQUE, size INTEGER, mtime_ns INTEGER, sha256 BLOB, problem TEXT,
    ctime_ns INTEGER, inode INTEGER);
CREATE TABLE IF NOT EXISTS broken(sha256 BLOB PRIMARY KEY, reason TEXT);
CREATE TEMP TABLE seen(id INTEGER PRIMARY KEY);
"""
_USABLE = "FROM images WHERE sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM broken)"


class Catalogue:
    """The images of one folder; `path` is the database's file. Ids stay with a path for as long as it is there."""

    def __init__(self, path: Path, root: Path) -> None:
        """Open or start it; raises SearchError for a file that is no such database, or a place that is not writable."""
        self.root = root
        self.passed_over = PassedOver()
        """What the last update did not take up."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _opened(path)
            except sqlite3.OperationalError:  # locked, say: not damaged
                raise
            except sqlite3.DatabaseError as error:
                note(f"stored file damaged: {path} ({error}); the folder's images are read again")
                for each in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
                    each.unlink(missing_ok=True)
                self._database = _opened(path)
            self._add_columns()
        except (sqlite3.Error, OSError) as error:
            raise SearchError(
                f"the index {path} cannot be used ({error}): delete it, or name another place with --index-dir"
            ) from error

    def _add_columns(self) -> None:
        """Those that an older catalogue lacks: its files are then read once more."""
        there = {name for _, name, *_ in self._database.execute("PRAGMA table_info(images)")}
        for name in ("ctime_ns", "inode"):
            if name not in there:
                self._database.execute(f"ALTER TABLE images ADD COLUMN {name} INTEGER")

    def update(self, advance: Callable[[int], None] = lambda files: None, again: bool = False) -> list[str]:
        """Bring it up to date with the folder; calls `advance` with the files looked at. Returns unreadable folders.

        With `again` every file is read, whatever its size and times say.
        """
        self._database.execute("DELETE FROM seen")
        unreadable: list[str] = []
        passed_over = PassedOver()
        files = image_files(self.root, unreadable, passed_over)
        while batch := list(islice(files, BATCH)):
            for file in batch:
                self._look_at(file, again)
            self._database.commit()
            advance(len(batch))
        self._database.execute("DELETE FROM images WHERE id NOT IN (SELECT id FROM seen)")
        self._database.commit()
        self.passed_over = passed_over
        return unreadable

    def __len__(self) -> int:
        return int(self._database.execute(f"SELECT count(*) {_USABLE}").fetchone()[0])

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Id and sha256 of every usable image, ordered by id."""
        return iter(self._database.execute(f"SELECT id, sha256 {_USABLE} ORDER BY id"))

    def digest(self, id: int) -> bytes:
        """The sha256 of the file; raises SearchError for an id that is not there, or a file that could not be read."""
        row = self._database.execute("SELECT sha256 FROM images WHERE id = ?", (id,)).fetchone()
        if row is None or row[0] is None:
            raise SearchError(f"no image has the number {id}: it was removed, or never was in this gallery")
        return bytes(row[0])

    def path(self, id: int) -> str:
        """The path below the root, as the file system spells it; raises SearchError for an id that is not there."""
        row = self._database.execute("SELECT path FROM images WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise SearchError(f"no image has the number {id}: it was removed, or never was in this gallery")
        return os.fsdecode(row[0])

    def mark_broken(self, sha256: bytes, reason: str) -> None:
        """Remember that images of this content cannot be decoded."""
        self._database.execute("INSERT OR REPLACE INTO broken VALUES (?, ?)", (sha256, reason))
        self._database.commit()

    def problems(self, most: int) -> tuple[int, list[tuple[str, str]]]:
        """How many images cannot be used, and (path, reason) of the first `most`."""
        query = (
            "FROM images LEFT JOIN broken USING (sha256) WHERE problem IS NOT NULL OR reason IS NOT NULL ORDER BY path"
        )
        count = self._database.execute(f"SELECT count(*) {query}").fetchone()[0]
        rows = self._database.execute(f"SELECT path, coalesce(problem, reason) {query} LIMIT ?", (most,))
        return count, [(os.fsdecode(path), reason) for path, reason in rows]

    def _look_at(self, file: FoundFile, again: bool) -> None:
        path = os.fsencode(file.path)
        signs = (file.size, file.mtime_ns, file.ctime_ns, file.inode)
        known = self._database.execute(
            "SELECT id FROM images WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? AND inode = ? "
            "AND problem IS NULL",
            (path, *signs),
        ).fetchone()
        if known is None or again:
            sha256, problem = _content(self.root / file.path)
            known = self._database.execute(
                "INSERT INTO images(path, size, mtime_ns, ctime_ns, inode, sha256, problem) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT(path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, "
                "ctime_ns = excluded.ctime_ns, inode = excluded.inode, "
                "sha256 = excluded.sha256, problem = excluded.problem RETURNING id",
                (path, *signs, sha256, problem),
            ).fetchone()
        self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", known)


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a database that is whole; raises sqlite3.Error."""
    # Searches in threads of a server take turns (see benchmarks.web), so one connection serves them all.
    database = sqlite3.connect(path, timeout=60, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        database.execute("SELECT id, path, size, mtime_ns, sha256, problem FROM images LIMIT 1").fetchone()
        database.execute("SELECT sha256, reason FROM broken LIMIT 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _content(path: Path) -> tuple[bytes | None, str | None]:
    """The sha256 of a file's bytes, or why it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest(), None
    except OSError as error:
        return None, f"cannot be read ({error.strerror})"
