"""`scaling`: time and memory at rising gallery sizes."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options

DEFAULT_METHODS = (
    "pixels",
    "phash",
    "eigenfaces",
    "sift-indexed",
    "mobilenetv2",
    "efficientnet-lite0",
    "mtcnn-facenet",
    "mtcnn-facenet-balltree",
    "mtcnn-facenet-kmeans",
)
"""Some of each kind: exact search over long and short rows, hashes, a learned transform, trees, clusters, keypoints."""


def scaling(
    methods: options.Methods = None,
    datasets: options.Datasets = None,
    subset: Annotated[str, typer.Option("--subset", help="Whose images are used, where -d names none.")] = "full",
    sizes: Annotated[str, typer.Option("--sizes", help="Gallery sizes, rising.")] = "1000,2000,5000,10000",
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
    keras_backend: options.KerasBackend = "tensorflow",
    timeout: options.Timeout = 1800,
    memory_limit: options.MemoryLimit = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Measure time and memory at rising gallery sizes, and fit the laws by which they grow.

    Galleries beyond the data set are filled up with jittered embeddings. What was measured is not measured again.
    """
    from benchmarks.cli.measuring import conclude, measuring, settings_of
    from benchmarks.core.additions import load_plugins
    from benchmarks.experiments.rows import ScalingStore
    from benchmarks.experiments.scaling.galleries import parse_sizes
    from benchmarks.experiments.scaling.session import Asked, measure
    from benchmarks.reporting.tables.scaling.report import write_scaling
    from benchmarks.system.terminal import Console
    from datasets.registry import parse_dataset

    console = Console()
    load_plugins(plugins or ())
    named = [parse_dataset(text) for text in datasets or ("lfw",)]
    asked = Asked(
        tuple(dict.fromkeys(methods or DEFAULT_METHODS)),
        tuple(dict.fromkeys((name, own or subset) for name, own in named)),
        parse_sizes(sizes),
    )
    settings = settings_of(
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        device=device,
        keras_backend=keras_backend,
        timeout=timeout,
        memory_limit=memory_limit,
        force=force,
        dry_run=dry_run,
    )
    with measuring(console, settings, out, ScalingStore) as frame:
        rows = measure(asked, frame, ScalingStore(out))
    conclude(console, rows, frame, [] if dry_run else write_scaling(frame.store, frame.registry, out))
