"""`fetch`: downloads, the only command that goes to the network."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def fetch(
    names: Annotated[list[str], typer.Argument(help="Data sets (lfw, cifar10, imdb-wiki) or weights (see `doctor`).")],
    data_to: options.DataDir = None,
    weights_to: options.WeightsDir = None,
    manual: Annotated[bool, typer.Option("--manual", help="Print what to fetch by hand and where to put it.")] = False,
) -> None:
    """Download data sets or weights: checksummed, resumable, with progress."""
    from benchmarks.core.fetch import fetch as fetch_all
    from benchmarks.core.fetch import manual_steps
    from benchmarks.system.terminal import Console

    console = Console()
    if manual:
        for name in names:
            console.print(manual_steps(name), markup=False, soft_wrap=True)
        return
    fetch_all(names, data_to or Path("data"), weights_to or Path("weights"), console)
