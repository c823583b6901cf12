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
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="Rounds; every engine is timed in each.")] = 7,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="Seconds of a network's rounds, about; at least three are made.")
    ] = 60.0,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
    timeout: options.Timeout = 3600,
    memory_limit: options.MemoryLimit = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Check every engine against float32 Keras, time those that are equivalent, write engines.md and engines.csv.

    The tables hold what was measured before as well, where machine, images, batch and threads were the same.
    """
    from benchmarks.cli.measuring import conclude, measuring, settings_of
    from benchmarks.core.additions import load_plugins
    from benchmarks.experiments.engines.kept import engine_rows, kept_beside
    from benchmarks.experiments.engines.session import Asked, measure
    from benchmarks.reporting.tables.engines import write_engines
    from benchmarks.system.devices import KERAS_BACKENDS, check_device
    from benchmarks.system.terminal import Console
    from datasets.errors import BenchmarkError
    from datasets.registry import parse_dataset
    from methods.engines.registry import ENGINES, get_engine

    console = Console()
    for asked in engine or ():
        get_engine(asked).require()
    if device == "gpu":
        raise BenchmarkError("engines are compared on the CPU alone: leave out --device gpu")
    check_device(device, KERAS_BACKENDS[0])
    load_plugins(plugins or ())
    name, subset = parse_dataset(dataset)
    settings = settings_of(
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        device="cpu",
        keras_backend=KERAS_BACKENDS[0],
        timeout=timeout,
        memory_limit=memory_limit,
        force=force,
        dry_run=dry_run,
    )
    wanted = Asked(
        tuple(networks or ()), tuple(engine or ENGINES), (name, subset or "standard"), batch, rounds, seconds
    )
    with measuring(console, settings, out, engine_rows) as frame:
        rows = measure(wanted, frame)
    conclude(console, rows, frame, [] if dry_run else write_engines(kept_beside(rows[-1], out), out))
