"""`report`: metrics and tables again from stored rankings, no model needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options
from datasets.errors import BenchmarkError
from datasets.words import count_of

if TYPE_CHECKING:
    from benchmarks.system.terminal import Console

OVERVIEW = "overview.csv"
REFERENCE = Path("results/reference")
NOTHING = "nothing is stored in {out}: `run --all --subset smoke --out {out}` first, or name another --out"
NO_TABLE = "no table could be made of what is stored in {out}: the lines above say why"


def report(
    out: options.OutDir = Path("results"),
    data_dir: options.DataDir = None,
    plugins: options.Plugins = None,
    reference: Annotated[Path, typer.Option("--reference", help="Folder with the published tables.")] = REFERENCE,
    publish: Annotated[
        bool,
        typer.Option(
            "--publish",
            help="Write everything stored, each table of one run and all of one commit, into the folder of published "
            "tables.",
        ),
    ] = False,
    readme: Annotated[
        Path | None,
        typer.Option(
            "--readme", help="Only update the table and the picture of this markdown file from the published tables."
        ),
    ] = None,
    subset: Annotated[str, typer.Option("--subset", help="The subset that --readme shows.")] = "standard",
    figures: Annotated[
        list[Path] | None,
        typer.Option(
            "--figures",
            help="Only update the figures that these markdown files (or folders) quote from the published tables.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: exit 1 if what --readme or --figures name is stale.")
    ] = False,
    peers: Annotated[
        list[Path] | None,
        typer.Option("--peers", help="A result of tests/perf, in JSON: write peers.md, and no more. May be repeated."),
    ] = None,
) -> None:
    """Write the tables again from what is stored, and report/index.html, a page to look at that opens offline."""
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.reporting.html.galleries import gallery_section
    from benchmarks.reporting.html.write import FOLDER, write_report
    from benchmarks.reporting.publishing.write import require_sound, write_pages
    from benchmarks.reporting.tables.pages import make_pages
    from benchmarks.reporting.tables.peers import keep_peers, write_stored_peers
    from benchmarks.system.terminal import Console

    console = Console(markup=False, highlight=False, soft_wrap=True)
    if readme or figures or check:
        _documents(console, readme, subset, figures or [], reference, check)
        return
    store = Store(out)
    if peers:
        keep_peers(peers, store)
        console.print(f"wrote {write_stored_peers(store, out)[0]}")
        return
    registry = load_plugins(plugins or ())
    if publish:
        from benchmarks.reporting.publishing.publish import publish as publish_all

        files = publish_all(store, registry, reference)
        console.print(f"{len(files)} files in {reference}; `report --readme README.md` follows them")
        return
    pages = make_pages(store, registry)
    written = write_pages(store, registry, pages, out)
    if not written:
        raise BenchmarkError((NO_TABLE if any(store.rows()) else NOTHING).format(out=out))
    galleries = gallery_section(store, registry, data_dir, out / FOLDER)
    page = write_report(store, registry, pages, out, [galleries] if galleries else [])
    console.print(f"{count_of(len(written), 'table')} in {out}, all of it to look at in {page}")
    require_sound(pages)


def _documents(
    console: "Console", readme: Path | None, subset: str, figures: list[Path], reference: Path, check: bool
) -> None:
    """Bring documents up to date with the published tables; with `check` only say what is stale, and exit with 1."""
    from benchmarks.reporting.publishing.quoted import documents, stale_figures, update_figures
    from benchmarks.reporting.publishing.readme import stale_parts, update_readme

    if not readme and not figures:
        raise typer.BadParameter("--check needs --readme FILE or --figures FILE")
    stale = []
    if readme and check:
        parts = stale_parts(readme, reference / OVERVIEW, subset)
        stale += [f"the {part} of {readme} is stale: `report --readme {readme}` updates it" for part in parts]
    elif readme:
        update_readme(readme, reference / OVERVIEW, subset)
    if check:
        stale += stale_figures(figures, reference)
    else:
        update_figures(figures, reference)
    for line in stale:
        console.print(line)
    if stale:
        raise typer.Exit(1)
    shown = [*([readme] if readme else []), *documents(figures)]
    console.print(f"{', '.join(map(str, dict.fromkeys(shown)))}: as published in {reference}")
