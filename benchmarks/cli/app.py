"""The command-line application: one module a command, errors in one line, exit code 2 for what the user can fix."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import (
    audit,
    bench,
    compare,
    duplicates,
    engines,
    explain,
    fetch,
    indexes,
    inspect,
    latency,
    listing,
    pictures,
    project,
    recommend,
    report,
    run,
    scaling,
    search,
    serve,
    shard,
    status,
    stream,
)
from benchmarks.cli.options import CheckedCommand
from benchmarks.cli.quiet import hush
from benchmarks.system.failing import ending_in_one_line
from benchmarks.system.temporary import own_temporary_folder
from benchmarks.system.terminal import speak_any_encoding

app = typer.Typer(
    name="benchmarks",
    help="Which reverse-image-search method finds the right images, how fast, at what memory.",
    no_args_is_help=True,
    add_completion=Path(sys.argv[0]).name != "__main__.py",  # a shell completes `ris`, not `python -m benchmarks`
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(asked: bool) -> None:
    if asked:
        from benchmarks.system.version import PROJECT, version

        typer.echo(f"{PROJECT} {version()}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Which reverse-image-search method finds the right images, how fast, at what memory."""


COMMANDS: dict[str, Callable[..., None]] = {
    "run": run.run,
    "shard": shard.shard,
    "list": listing.list_,
    "latency": latency.latency,
    "bench": bench.bench,
    "engines": engines.engines,
    "scaling": scaling.scaling,
    "project": project.project,
    "indexes": indexes.indexes,
    "stream": stream.stream,
    "status": status.status,
    "report": report.report,
    "pictures": pictures.pictures,
    "explain": explain.explain,
    "search": search.search,
    "recommend": recommend.recommend,
    "duplicates": duplicates.duplicates,
    "serve": serve.serve,
    "compare": compare.compare,
    "audit": audit.audit,
    "check": inspect.check,
    "doctor": inspect.doctor,
    "fetch": fetch.fetch,
}
for name, command in COMMANDS.items():
    app.command(name, cls=CheckedCommand)(command)
app.add_typer(compare.baseline, name="baseline")


@ending_in_one_line()  # here too: `__main__` guards the imports, and this may be called without it
def main() -> None:
    """Run the application. What it raises, `benchmarks.system.failing` turns into one line and exit code 2."""
    speak_any_encoding()
    hush()
    own_temporary_folder()
    app()
