"""`report`: metrics and tables again from stored rankings, no model needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options

if TYPE_CHECKING:
    from rich.console import Console

OVERVIEW = "overview.csv"


def report(
    out: options.OutDir = Path("results"),
    data_dir: options.DataDir = None,
    plugins: options.Plugins = None,
    readme: Annotated[
        Path | None, typer.Option("--readme", help="A markdown file whose summary table is brought up to date.")
    ] = None,
    subset: Annotated[str, typer.Option("--subset", help="The subset that --readme shows.")] = "standard",
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing: exit 1 if the table in --readme is not that of overview.csv in --out."
        ),
    ] = False,
    peers: Annotated[
        list[Path] | None,
        typer.Option("--peers", help="A result of tests/perf, in JSON: write peers.md, and no more. May be repeated."),
    ] = None,
) -> None:
    """Write the tables again from what is stored, and report/index.html, a page to look at that opens offline."""
    from rich.console import Console

    from benchmarks.html.galleries import gallery_section
    from benchmarks.html.write import FOLDER, write_report
    from benchmarks.store import Store
    from benchmarks.tables.pages import make_pages
    from benchmarks.tables.peers import write_peers
    from benchmarks.tables.readme import readme_table, update_readme
    from benchmarks.tables.write import require_sound, write_pages
    from methods.registry import load_registry

    console = Console(markup=False, highlight=False, soft_wrap=True)
    if check:
        _check(console, readme, out, subset)
        return
    store = Store(out)
    if peers:
        console.print(f"{write_peers(peers, store, out)}")
        return
    registry = load_registry(plugins or ())
    pages = make_pages(store, registry)
    written = write_pages(store, registry, pages, out)
    if not written:
        console.print(f"nothing stored in {out} yet: run something first")
        return
    if readme:
        update_readme(readme, readme_table(out / OVERVIEW, subset))
    galleries = gallery_section(store, registry, data_dir, out / FOLDER)
    page = write_report(store, registry, pages, out, [galleries] if galleries else [])
    console.print(f"{len(written)} tables in {out}, all of it to look at in {page}")
    require_sound(pages)


def _check(console: "Console", readme: Path | None, out: Path, subset: str) -> None:
    """Exit with 1 where the README's table is not the one that the written overview makes."""
    from benchmarks.tables.readme import fresh_readme, readme_table

    if readme is None:
        raise typer.BadParameter("--check wants --readme FILE, whose table is to be checked")
    text, fresh = fresh_readme(readme, readme_table(out / OVERVIEW, subset))
    if text != fresh:
        console.print(f"{readme} is stale: `report --readme {readme}` brings its table up to date")
        raise typer.Exit(1)
    console.print(f"{readme} shows what {out / OVERVIEW} says")
