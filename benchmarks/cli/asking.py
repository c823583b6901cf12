"""From options to a Request: what is asked for when little is said."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cli.options import require_folder
from benchmarks.core.plan import Request
from benchmarks.core.tasking.registry import tasks_of
from benchmarks.system.devices import KERAS_BACKENDS, check_device
from benchmarks.system.provenance import usable_cores
from datasets.errors import BenchmarkError
from datasets.notes import note
from datasets.registry import DATASETS, parse_dataset
from methods.engines.registry import check_engine
from methods.onnx_check import require_sound
from methods.registry import Registry
from methods.spec import OLD_TASKS


def make_request(
    registry: Registry,
    *,
    all_methods: bool,
    methods: list[str] | None,
    datasets: list[str] | None,
    subset: str,
    tasks: list[str] | None,
    data_dir: Path | None,
    weights_dir: Path | None,
    plugins: list[Path] | None,
    threads: int | None,
    device: str = "cpu",
    keras_backend: str = KERAS_BACKENDS[0],
    engine: str = "",
    elsewhere: bool = False,
    side_by_side: bool = False,
) -> Request:
    """The request the options stand for; raises BenchmarkError for what cannot be meant.

    `elsewhere`: cells run on other machines, so a GPU need not be here. `side_by_side`: cells of a smoke run share this
    machine's cores, so unless `threads` is given each has one: with more they would wait for each other, for minutes.
    """
    if all_methods == bool(methods):
        raise BenchmarkError("say which methods: either --all, or one or more of -m METHOD (see `list methods`)")
    for folder, option in ((data_dir, "--data"), (weights_dir, "--weights")):
        if folder is not None:
            require_folder(option, folder)
    known = tasks_of(registry)
    for old in (name for name in tasks or () if name in OLD_TASKS):
        note(f"--task {old} is called {OLD_TASKS[old]} now")
    asked = [known.get(name).name for name in tasks or [task.name for task in known if task.is_default]]
    named = [parse_dataset(text) for text in datasets or DATASETS]
    wanted = {spec.id for spec in registry} if all_methods else {registry.get(name).id for name in methods or ()}
    for name in methods or ():
        require_sound(registry.get(name))
    # The canaries run in every run: they cost next to nothing and show that the protocol holds.
    chosen = [spec.id for spec in registry if spec.id in wanted or spec.family == "canary"]
    chosen_datasets = tuple(dict.fromkeys((name, own or subset) for name, own in named))
    return Request(
        methods=tuple(dict.fromkeys(chosen)),
        datasets=chosen_datasets,
        tasks=tuple(dict.fromkeys(asked)),
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=tuple(plugins or ()),
        threads=threads or default_threads(chosen_datasets, side_by_side),
        device=device if elsewhere and device == "gpu" else check_device(device, keras_backend),
        keras_backend=keras_backend,
        engine=check_engine(engine),
    )


def default_threads(datasets: Sequence[tuple[str, str]], side_by_side: bool) -> int:
    """Threads of a cell where none are named: one where the cells of a smoke run share the cores, else a core each."""
    return 1 if side_by_side and _is_smoke(datasets) else usable_cores()


def default_jobs(request: Request) -> int:
    """Cells at a time: as many as cores. One whose times are results runs alone; in a smoke run, none is.

    That tells whether everything works; the tables say that its cells ran side by side. On a GPU cells take turns, for
    its memory is not shared out.
    """
    return 1 if request.device == "gpu" else usable_cores()


def _is_smoke(datasets: Sequence[tuple[str, str]]) -> bool:
    return all(subset == "smoke" for _, subset in datasets)


def key_values(option: str, texts: list[str] | None) -> dict[str, str]:
    """What an option given as KEY=VALUE several times says; raises BenchmarkError for one that is not."""
    pairs = [text.partition("=") for text in texts or ()]
    for key, sign, _ in pairs:
        if not key or not sign:
            raise BenchmarkError(f"{option} takes KEY=VALUE, not {key!r}")
    return {key: value for key, _, value in pairs}
