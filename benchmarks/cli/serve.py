"""`serve`: the search as a web page on this machine."""

import contextlib
import signal
import socket
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from benchmarks.cli.search import IndexDir, VectorStore, progress
from datasets.errors import BenchmarkError
from methods.installed import needs


def serve(
    galleries: Annotated[
        list[str] | None,
        typer.Option("--gallery", "-g", help="A folder of images or a data set; may be given several times."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen at; others than this machine's are open.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    names: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name under which the page may be asked for.")
    ] = None,
    upload_limit: Annotated[int, typer.Option("--upload-limit", min=1, help="Largest picture sent, in MiB.")] = 20,
    index_dir: IndexDir = None,
    vector_store: VectorStore = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    tables: Annotated[
        Path,
        typer.Option(
            "--out", help="Folder with the tables that the leaderboard shows; the published ones where it holds none."
        ),
    ] = Path("results"),
    plugins: options.Plugins = None,
) -> None:
    """Search by dropping a picture on a page: methods side by side, explained; and the leaderboard."""
    from benchmarks.system.terminal import Console

    if reason := needs(("fastapi", "uvicorn")):
        raise BenchmarkError(f"serve {reason}")
    import uvicorn

    from benchmarks.search.opening import default_index_dir
    from benchmarks.search.searcher import Places
    from benchmarks.web.app import create_app
    from benchmarks.web.service import Service
    from benchmarks.web.settings import EVERYWHERE, LOOPBACK, Settings

    console = Console(stderr=True)
    host = host.strip("[]")
    settings = Settings(
        galleries=tuple(galleries or ("lfw",)),
        places=Places(index_dir or default_index_dir(), weights_dir, data_dir, vector_store, tables),
        tables=tables,
        plugins=tuple(plugins or ()),
        hosts=tuple(dict.fromkeys((*LOOPBACK, host, *(names or ())))),
        host=host,
        most_bytes=upload_limit * 2**20,
    )
    listening = _listen(host, port)  # before anything is indexed, which may take long
    with progress(console) as advance:
        service = Service(settings, advance)
    if not settings.is_private:
        console.print("[bold yellow]open to the network[/]: anyone who can reach this machine sees them, no password")
    console.print(f"{_address(host, listening.getsockname()[1])}  (Ctrl-C ends it)", highlight=False, markup=False)
    if host in EVERYWHERE:
        console.print("from elsewhere: this machine's address in digits; to use a name, give it with --allow-host")
    config = uvicorn.Config(create_app(service), log_level="warning", server_header=False)
    server = uvicorn.Server(config)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # the other two signals it heeds itself
        signal.signal(signal.SIGHUP, server.handle_exit)
    with contextlib.suppress(KeyboardInterrupt):  # raised again once the last answer was given
        server.run(sockets=[listening])


def _address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens at the address; raises BenchmarkError where it is taken or not this machine's."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:  # a name that cannot be one
        why = getattr(error, "strerror", None) or error
        raise BenchmarkError(f"cannot listen at {host}:{port} ({why}): name another --port or --host") from error
