"""`search`: what methods find for a picture, or for words, in a data set or in one's own folder."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options

if TYPE_CHECKING:
    from benchmarks.search.gallery import Advance
    from benchmarks.search.query import Query
    from benchmarks.search.words import Words
    from benchmarks.system.terminal import Console

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
        list[str] | None,
        typer.Argument(help="Image files; - for an image on standard input, @FILE for a list of paths."),
    ] = None,
    gallery: Annotated[
        str, typer.Option("--gallery", "-g", help="A folder of images, or lfw, cifar10, imdb-wiki with a :SUBSET.")
    ] = "lfw",
    texts: Annotated[
        list[str] | None,
        typer.Option("--text", help="Search in words, as 'a red car', with a method that takes them."),
    ] = None,
    methods: options.Methods = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Hits shown.")] = 10,
    crop: Annotated[str | None, typer.Option("--crop", help="Search for this region: x,y,width,height.")] = None,
    face: Annotated[
        int | None, typer.Option("--face", min=1, help="Search for this face, numbered from left to right.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--hide-copies", help="Leave out hits that show the same picture as an earlier one.")
    ] = False,
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
    """Search a gallery with pictures, or in words; several methods answer side by side."""
    import json

    from benchmarks.search.found import find
    from benchmarks.search.opening import default_index_dir, open_searchers
    from benchmarks.search.query import Crop, queries_of
    from benchmarks.search.searcher import Places
    from benchmarks.system.terminal import Console

    region = Crop.parse(crop) if crop else None
    if sheet:
        from benchmarks.search.show.sheet import check_sheet, write_sheet

        check_sheet(sheet, gallery)
    queries = list(queries_of(images or ()))
    words = asked_in_words(texts or (), queries, crop, face, explain)
    console = Console()
    with progress(Console(stderr=True), quiet=as_json) as advance:
        places = Places(index_dir or default_index_dir(), weights_dir, data_dir, vector_store, tables)
        if words and not methods:
            from benchmarks.core.additions import load_plugins
            from benchmarks.search.words import words_method

            methods = [words_method(load_plugins(plugins or ()), weights_dir)]
        searchers = open_searchers(gallery, methods, places, tables, plugins, advance, force, several=True)
    gallery_searched = searchers[0].gallery
    found = [find(searchers, query, k, region, face, explain, once) for query in queries]
    if words:
        from benchmarks.search.words import find_words

        found += [find_words(searchers, line, k, weights_dir, once) for line in words]
    if as_json:
        print(json.dumps([one.to_json() for one in found], indent=1))
    else:
        from benchmarks.search.show.terminal import print_found

        print_found(console, found, gallery_searched, thumbnails)
    if sheet:
        write_sheet(sheet, found, gallery_searched)


def asked_in_words(
    texts: "Sequence[str]", pictures: "Sequence[Query]", crop: str | None, face: int | None, explain: bool
) -> "list[Words]":
    """The queries in words; raises SearchError where nothing is asked, or what only a picture can answer."""
    from benchmarks.search.errors import SearchError

    if not texts:
        if pictures:
            return []
        raise SearchError("name a picture to search with, or say what to search for: --text 'a red car'")
    for option, given in (("--crop", crop), ("--face", face), ("--explain", explain)):
        if given:
            raise SearchError(f"{option} is about a picture: leave it out of a search in words (--text)")
    from benchmarks.search.words import Words

    return [Words.parse(text) for text in texts]


class PlainLines:
    """An Advance for a log: a line about what is being done each SPEAKS_EVERY seconds, while its context is open."""

    def __init__(self, say: "Callable[[str], None]", every: float) -> None:
        self._say = say
        self._every = every
        self._over = threading.Event()
        self._talking = threading.Thread(target=self._talk, daemon=True)
        self._now = ""
        self._states: dict[str, tuple[int, int | None, float]] = {}

    def __enter__(self) -> "PlainLines":
        self._talking.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._over.set()
        self._talking.join()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """So many more of `total` are done of `what`."""
        before, known, began = self._states.get(what, (0, None, time.time()))
        self._states[what] = before + done, known if total is None else total, began
        self._now = what

    def _talk(self) -> None:
        from benchmarks.cli.progress import share
        from methods.progress import Progress

        began = time.monotonic()
        while not self._over.wait(self._every):
            if what := self._now:
                done, total, since = self._states[what]
                told = share(Progress(what, done, total, since)) if total else f"{done:,}" if done else ""
                self._say(f"{what}: {told}" if told else what)
            else:
                self._say(f"opening the method and the gallery, for {time.monotonic() - began:.0f} s")


@contextmanager
def progress(console: "Console", quiet: bool = False) -> "Iterator[Advance]":
    """An Advance that draws a bar for each thing that is done, on a terminal; elsewhere it prints a line now and then.

    With `quiet` it says nothing at all.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    if quiet:
        from benchmarks.search.gallery import silent

        yield silent
        return
    if not console.is_terminal:
        from benchmarks.system.terminal import SPEAKS_EVERY

        with PlainLines(
            lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True), SPEAKS_EVERY
        ) as lines:
            yield lines
        return
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {}

        def advance(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            elif total is not None:
                bars.update(tasks[what], total=total)
            bars.advance(tasks[what], done)

        yield advance
