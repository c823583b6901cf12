"""A connection to Milvus: embedded in this process (a path that ends in .db), or a server's by its URI.

The client is the same for both. Embedded, Milvus Lite keeps a folder of that name and answers the client on a port of
the loopback interface, from threads of this process; nothing else is started, nothing leaves the machine.
"""

import contextlib
import logging
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from datasets.errors import BenchmarkError

EMBEDDED_SUFFIX = ".db"
_TEMPORARY = "ris-milvus-"
_INSTALL = "is not installed: pip install 'reverse-image-search-benchmark[vectors]'"
_clients_of_parents: list[Any] = []
"""Clients that a forked child inherited and dropped: to take one down waits for threads that only the parent has."""
_leases: dict[Path, list[int]] = {}
"""Embedded folders that are open, each with the process ids of the connections that share it."""


class VectorStoreError(BenchmarkError):
    """A vector store cannot be opened, or does not hold what is asked of it."""


class MissingExtraError(BenchmarkError, ImportError):
    """An optional package is not installed; a row that needs it is `unavailable`."""


class MilvusConnection:
    """An open client. `close` it, or drop it: its threads end and a temporary folder is deleted.

    Connections of one process may share an embedded folder. None is shared with a forked child: there every use raises
    VectorStoreError, and dropping the copy leaves the parent's data alone.
    """

    def __init__(self, uri: str | None = None) -> None:
        """Connect to `uri`; None: to an empty embedded store in a temporary folder.

        Raises MissingExtraError without pymilvus and milvus-lite, VectorStoreError where nothing can be opened.
        """
        temporary = None
        if uri is None:
            _remove_left_over()
            temporary = tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}-")
            uri = str(Path(temporary, f"index{EMBEDDED_SUFFIX}"))
        self.uri = uri
        self.folder = Path(uri).absolute() if uri.endswith(EMBEDDED_SUFFIX) else None
        """Where embedded data lie; None on a server."""
        self._pid = os.getpid()
        self._client = _connect(uri, self.folder)
        self._close = weakref.finalize(self, _close, self._pid, self._client, self.folder, temporary)

    @property
    def client(self) -> Any:
        """The `pymilvus.MilvusClient`."""
        if os.getpid() != self._pid:
            raise VectorStoreError(f"{self.uri} was opened by another process; open it again in this one")
        if not self._close.alive:
            raise VectorStoreError(f"{self.uri} was closed; open it again")
        return self._client

    def close(self) -> None:
        """Disconnect; an embedded store is written out and can be opened by another process. Twice is harmless."""
        self._close()

    @property
    def nbytes(self) -> int | None:
        """Bytes of an embedded store's files (rows, index, log); None on a server, which does not say."""
        if self.folder is None:
            return None
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def _connect(uri: str, folder: Path | None) -> Any:
    # A forked child may not use a connection anyway; the handlers that gRPC runs at a fork can hang it.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    try:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError as error:
        raise MissingExtraError(f"pymilvus {_INSTALL}") from error
    for name in ("pymilvus", "milvus_lite", "grpc._server"):  # what fails is raised; no need to print it as well
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if folder is not None and any(pid != os.getpid() for pid in _leases.get(folder, ())):
        raise VectorStoreError(f"{uri} is open in the process that this one was forked from; close it there first")
    if folder is not None and not folder.parent.is_dir():
        raise VectorStoreError(f"{uri} cannot be opened: there is no folder {folder.parent}; make it")
    try:
        client = MilvusClient(uri)
    except MilvusException as error:
        if "is required" in str(error):
            raise MissingExtraError(f"milvus-lite {_INSTALL}") from error
        raise VectorStoreError(_why_not(uri, folder, error)) from error
    if folder is not None:
        _leases.setdefault(folder, []).append(os.getpid())
    return client


def _why_not(uri: str, folder: Path | None, error: Exception) -> str:
    if folder is None:
        return f"{uri} cannot be reached ({_message(error)}); name a path ending in .db, or http://HOST:PORT of Milvus"
    if folder.is_file():
        return f"{uri} is a file, not a folder of Milvus Lite; name another path"
    return f"{uri} cannot be opened: another process has it open, or it is no folder of Milvus Lite"


def _message(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", error)).split())


def _close(pid: int, client: Any, folder: Path | None, temporary: str | None) -> None:
    if os.getpid() != pid:
        _clients_of_parents.append(client)
        return
    with contextlib.suppress(Exception):  # the server may be gone before us
        client.close()
    if folder is not None:
        _leases[folder].pop()
        if not _leases[folder]:
            from milvus_lite.server_manager import server_manager_instance

            del _leases[folder]
            server_manager_instance.release_server(str(folder))
    if temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_left_over() -> None:
    """Delete temporary stores of processes that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*-*"):
        pid = path.name.removeprefix(_TEMPORARY).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)
