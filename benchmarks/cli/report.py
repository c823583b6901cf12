"""`report`: metrics and tables again from stored rankings, no model needed."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def report(
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    readme: Annotated[
        Path | None, typer.Option("--readme", help="A markdown file whose summary table is brought up to date.")
    ] = None,
    subset: Annotated[str, typer.Option("--subset", help="The subset that --readme shows.")] = "standard",
    peers: Annotated[
        list[Path] | None,
        typer.Option("--peers", help="A result of tests/perf, in JSON: write peers.md, and no more. May be repeated."),
    ] = None,
) -> None:
    """Write the tables again from what is stored."""
    from rich.console import Console

    from benchmarks.store import Store
    from benchmarks.tables.peers import write_peers
    from benchmarks.tables.summary import update_readme
    from benchmarks.tables.write import readme_table, write_tables
    from methods.registry import load_registry

    if peers:
        Console().print(f"{write_peers(peers, Store(out), out)}", markup=False, highlight=False, soft_wrap=True)
        return
    registry = load_registry(plugins or ())
    written = write_tables(Store(out), registry, out)
    if readme:
        update_readme(readme, readme_table(Store(out), registry, subset))
    Console().print(
        f"{len(written)} tables in {out}" if written else f"nothing stored in {out} yet: run something first"
    )
