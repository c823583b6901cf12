"""`search`: what methods find for a picture in a data set or in one's own folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options

if TYPE_CHECKING:
    from benchmarks.search.gallery import Advance
    from benchmarks.terminal import Console

IndexDir = Annotated[
    Path | None,
    typer.Option(
        "--index-dir",
        envvar="RIS_INDEX",
        help="Where galleries are indexed, once for each method; unless given, in your cache folder.",
    ),
]
VectorStore = Annotated[
    str | None,
    typer.Option("--store", help="Keep and search rows in Milvus: a path that ends in .db, or http://HOST:PORT."),
]


def search(
    images: Annotated[
        list[str], typer.Argument(help="Image files; - for an image on standard input, @FILE for a list of paths.")
    ],
    gallery: Annotated[
        str, typer.Option("--gallery", "-g", help="A folder of images, or lfw, cifar10, imdb-wiki with a :SUBSET.")
    ] = "lfw",
    methods: options.Methods = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Hits shown.")] = 10,
    crop: Annotated[str | None, typer.Option("--crop", help="Search for this region: x,y,width,height.")] = None,
    face: Annotated[
        int | None, typer.Option("--face", min=1, help="Search for this face, numbered from left to right.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
    sheet: Annotated[Path | None, typer.Option("--sheet", help="Write a contact sheet: .png or .html.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each first hit is one.")] = False,
    thumbnails: Annotated[bool, typer.Option("--thumbnails/--no-thumbnails", help="Pictures in the table.")] = True,
    index_dir: IndexDir = None,
    vector_store: VectorStore = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    tables: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder with tables, from which the method is chosen; where yours do not know, the published ones.",
        ),
    ] = Path("results"),
    plugins: options.Plugins = None,
    force: Annotated[
        bool, typer.Option("--force", help="Read every gallery image again, whatever its file's size and times say.")
    ] = False,
) -> None:
    """Search a gallery for pictures; several methods answer side by side."""
    import json

    from benchmarks.search.found import find
    from benchmarks.search.opening import default_index_dir, open_searchers
    from benchmarks.search.query import Crop, queries_of
    from benchmarks.search.searcher import Places
    from benchmarks.terminal import Console

    region = Crop.parse(crop) if crop else None
    if sheet:
        from benchmarks.search.show.sheet import check_sheet, write_sheet

        check_sheet(sheet)
    queries = list(queries_of(images))
    console = Console()
    with progress(Console(stderr=True), quiet=as_json) as advance:
        places = Places(index_dir or default_index_dir(), weights_dir, data_dir, vector_store, tables)
        searchers = open_searchers(gallery, methods, places, tables, plugins, advance, force, several=True)
    gallery_searched = searchers[0].gallery
    found = [find(searchers, query, k, region, face, explain) for query in queries]
    if as_json:
        print(json.dumps([one.to_json() for one in found], indent=1))
    else:
        from benchmarks.search.show.terminal import print_found

        for one in found:
            print_found(console, one, gallery_searched, thumbnails)
    if sheet:
        write_sheet(sheet, found, gallery_searched)


@contextmanager
def progress(console: "Console", quiet: bool = False) -> "Iterator[Advance]":
    """An Advance that draws a bar for each thing that is done, on a terminal; elsewhere it is silent."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    shown = console.is_terminal and not quiet
    with Progress(*columns, console=console, transient=True, disable=not shown) as bars:
        tasks = {}

        def advance(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            elif total is not None:
                bars.update(tasks[what], total=total)
            bars.advance(tasks[what], done)

        yield advance
