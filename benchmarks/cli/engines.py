"""`engines`: every engine against plain Keras, in the same run."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def engines(
    networks: Annotated[
        list[str] | None,
        typer.Option(
            "--method", "-m", help="A network (resnet50, mtcnn, ...) or a method's id; all networks unless given."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="Measure these engines alone; may be given several times.")
    ] = None,
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="Whose images are looked at, with an optional :SUBSET.")
    ] = "lfw:standard",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Images in a batch.")] = 32,
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="Rounds; every engine has a turn in each.")] = 7,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="Seconds of a network's rounds, about; at least three are made.")
    ] = 60.0,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
) -> None:
    """Prove every engine against float32 Keras, time those that are proven, write engines.md and engines.csv.

    The tables hold what was measured before as well, where machine, images, batch and threads were the same.
    """
    from benchmarks.engines.contestants import contestants
    from benchmarks.engines.kept import keep, kept_beside
    from benchmarks.engines.measure import Order
    from benchmarks.engines.session import measured
    from benchmarks.provenance import usable_cores
    from benchmarks.store import Store
    from benchmarks.tables.engines import write_engines
    from benchmarks.terminal import Console
    from datasets.registry import open_dataset, parse_dataset
    from methods.engines.registry import ENGINES, get_engine
    from methods.registry import load_registry

    console = Console()
    for asked in engine or ():
        get_engine(asked).require()
    name, subset = parse_dataset(dataset)
    title = open_dataset(name, data_dir).title
    orders = [
        Order(
            contestant=contestant,
            engines=tuple(engine or ENGINES),
            dataset=(name, subset or "standard"),
            data_dir=data_dir,
            weights_dir=weights_dir,
            plugins=tuple(plugins or ()),
            threads=threads or usable_cores(),
            batch=batch,
            rounds=rounds,
            seconds=seconds,
        )
        for contestant in contestants(networks, load_registry(plugins or ()))
    ]
    Store(out).require_writable()
    paths: list[Path] = []
    with console.status("measuring") as spinner:
        for found in measured(orders, spinner.update):
            facts = keep(found, f"{title}:{subset or 'standard'}", out)
            paths = write_engines(kept_beside(facts, out), out)
    for path in paths:
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
