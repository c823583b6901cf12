"""`project`: what larger galleries would take."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def project(
    images: Annotated[str, typer.Option("--images", help="Gallery sizes to project to.")] = "1e6,1e7,1e9",
    memory: Annotated[float, typer.Option("--memory", min=0.1, help="GiB of memory of a machine.")] = 64,
    latency: Annotated[float, typer.Option("--latency", min=0.01, help="Milliseconds a query may take.")] = 100,
    plugins: options.Plugins = None,
    out: options.OutDir = Path("results"),
) -> None:
    """Predict machines, hours and latency of larger galleries from what `scaling` measured."""
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.reporting.tables.projection import Asked, write_stored_projection
    from benchmarks.system.terminal import Console
    from datasets.errors import BenchmarkError

    store = Store(out)
    asked = Asked(tuple(_sizes(images)), memory, latency)
    if not write_stored_projection(store, load_plugins(plugins or ()), out, asked):
        raise BenchmarkError(
            f"{out} holds no method measured at three gallery sizes; "
            f"run `scaling --sizes 1000,2000,5000 --out {out}` first"
        )
    asked.keep(out)
    Console().print(f"wrote {out / 'projection.md'}", soft_wrap=True, highlight=False)


def _sizes(text: str) -> list[float]:
    from datasets.errors import BenchmarkError

    try:
        sizes = [float(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or not all(1 <= size < float("inf") for size in sizes):
        raise BenchmarkError(f"--images {text!r} is not a list of sizes, such as 1e6,1e9")
    return sizes
