"""`explain`: why a method found what a run stored."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def explain(
    method: Annotated[str, typer.Argument(help="A method's id.")],
    query: Annotated[str, typer.Argument(help="A query's id, as galleries show it.")],
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="lfw, cifar10, imdb-wiki or folder:PATH, with an optional :SUBSET.")
    ] = "lfw",
    hit: Annotated[str | None, typer.Option("--hit", help="The gallery image to explain, by its id.")] = None,
    rank: Annotated[int, typer.Option("--rank", help="The result to explain, unless --hit names it.")] = 1,
    picture: Annotated[Path | None, typer.Option("--picture", help="Where to draw it: a PNG file.")] = None,
    data_dir: options.DataDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
) -> None:
    """Say why a method found an image for a query of a finished run, and draw it."""
    from PIL import Image

    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.reporting.explain.stored import explain_stored
    from benchmarks.system.files import write_atomically
    from benchmarks.system.named_files import PICTURE, picture_note, require_free
    from benchmarks.system.terminal import Console
    from datasets.reading import expanded
    from datasets.registry import FOLDER_PREFIX, parse_dataset

    name, subset = parse_dataset(dataset)
    if picture is not None:
        require_free(picture, "--picture", PICTURE, [expanded(name.removeprefix(FOLDER_PREFIX))])
    registry = load_plugins(plugins or ())
    why = explain_stored(Store(out), registry, data_dir, method, (name, subset), query, hit, rank)
    lines = [f"{why.title}. {why.text}"]
    if picture is not None and why.picture is not None:
        with write_atomically(picture) as file:
            Image.fromarray(why.picture).save(file, "PNG", optimize=True, pnginfo=picture_note())
        lines.append(f"drawn in {picture}")
    for line in lines:
        Console().print(line, markup=False, highlight=False, soft_wrap=True)
