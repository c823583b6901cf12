"""What the measuring commands have in common: their settings, the frame they run in, how they end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from datasets.words import count_of

if TYPE_CHECKING:
    from benchmarks.experiments.candidates import Settings
    from benchmarks.experiments.frame import Frame
    from benchmarks.experiments.rows import Rows
    from benchmarks.system.terminal import Console


def settings_of(
    *,
    data_dir: Path | None,
    weights_dir: Path | None,
    plugins: Sequence[Path] | None,
    threads: int | None,
    device: str,
    keras_backend: str,
    timeout: float,
    memory_limit: float | None,
    force: bool,
    dry_run: bool,
    elsewhere: bool = False,
) -> "Settings":
    """The settings that the options stand for; raises BenchmarkError for a device that cannot be had.

    `elsewhere`: processes run on other machines, so a GPU need not be here.
    """
    from benchmarks.experiments.candidates import Settings
    from benchmarks.system.devices import check_device
    from benchmarks.system.provenance import usable_cores

    return Settings(
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=tuple(plugins or ()),
        threads=threads or usable_cores(),
        device=device if elsewhere and device == "gpu" else check_device(device, keras_backend),
        keras_backend=keras_backend,
        timeout=timeout,
        memory_bytes=int(memory_limit * 2**30) if memory_limit else None,
        force=force,
        dry_run=dry_run,
    )


@contextmanager
def measuring(
    console: "Console", settings: "Settings", out: Path, rows_of: Callable[[Path], "Rows"]
) -> "Iterator[Frame]":
    """A frame over an output folder, whose lines are printed; what is going on is shown on a terminal."""
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.experiments.frame import Frame

    registry = load_plugins(settings.plugins)
    store = Store(out)
    store.require_writable()
    with console.status("measuring") as spinner:
        yield Frame(settings, registry, store, rows_of(store.root), say=_printed(console), show=spinner.update)


def conclude(console: "Console", rows: Sequence[Mapping[str, object]], frame: "Frame", written: Sequence[Path]) -> None:
    """Say what was written and how many rows have no figures; exit code 1 where any failed."""
    from benchmarks.experiments.frame import PLANNED

    for path in written:
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
    statuses = [row["status"] for row in rows]
    unavailable, planned = statuses.count("unavailable"), statuses.count(PLANNED)
    failed = sum(status not in ("ok", "unavailable", PLANNED) for status in statuses)
    to_do = f", {planned} to be measured" if planned else ""
    console.print(
        f"{count_of(len(rows), 'row')}, {count_of(frame.measured, 'process', 'processes')} run, "
        f"{unavailable} unavailable, {failed} failed{to_do}",
        highlight=False,
    )
    if failed:
        raise typer.Exit(1)


def _printed(console: "Console") -> Callable[[str], None]:
    return lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)
