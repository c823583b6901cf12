"""`recommend`: which method suits a folder of pictures, within limits of time and memory."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of, duration

if TYPE_CHECKING:
    from benchmarks.recommend.advice import Advice
    from benchmarks.recommend.candidates import Candidates
    from benchmarks.system.terminal import Console


def recommend(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures, with label folders or without.")],
    budget: Annotated[str, typer.Option("--budget", help="Time to spend, as 90s, 15m or 1h.")] = "4m",
    max_ms: Annotated[
        float | None,
        typer.Option("--max-ms", min=0.001, help="Milliseconds a search may take."),
    ] = None,
    max_mib: Annotated[float | None, typer.Option("--max-mib", min=0.1, help="MiB a method may take.")] = None,
    purpose: Annotated[
        str,
        typer.Option("--for", help="What is to be found: copies of a picture, or people or things by label folder."),
    ] = "copies",
    methods: options.Methods = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    memory_limit: Annotated[
        float | None, typer.Option("--memory-limit", min=0.1, help="GiB a process may use.")
    ] = None,
) -> None:
    """Try methods on copies of a folder's own pictures, and say which to take.

    The folder is only read. Cheap methods are tried first, the better ones on more pictures, until the time is spent.
    """
    from benchmarks.cli.search import progress
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.recommend.advice import advise
    from benchmarks.recommend.candidates import candidates, check_purpose
    from benchmarks.recommend.rounds import Limits, Session, parse_budget
    from benchmarks.recommend.show import print_outcomes, write_outcomes
    from benchmarks.recommend.survey import survey
    from benchmarks.system.named_files import require_outside
    from benchmarks.system.names import file_stem
    from benchmarks.system.provenance import usable_cores
    from benchmarks.system.terminal import Console
    from datasets.folder import Folder
    from datasets.reading import expanded

    started = time.monotonic()
    console = Console()
    seconds = parse_budget(budget)
    what = check_purpose(purpose)
    chosen = candidates(load_plugins(plugins or ()), what, weights_dir, methods or ())
    _require_some(chosen)
    dataset = Folder(expanded(folder))
    require_outside(out, dataset.root)
    store = Store(out)
    store.require_writable()
    with progress(Console(stderr=True)) as advance:
        seen = survey(dataset, lambda read, total: advance("reading pictures", read, total), started + 0.4 * seconds)
    seen.require(what)
    for phrase in (*seen.words(), *dataset.passed_over.words()):
        console.print(phrase, markup=False, soft_wrap=True)
    console.print(
        f"{count_of(len(chosen.specs), 'method')} on {count_of(seen.used, 'picture')}, "
        f"{duration(seconds)} at most; {len(chosen.left_out)} left out (see `list methods`)"
    )
    limits = Limits(max_ms, max_mib, int(memory_limit * 2**30) if memory_limit else Limits.memory)
    session = Session(
        dataset=f"folder:{dataset.root}",
        manifest=seen.manifest,
        purpose=what,
        store=store,
        limits=limits,
        weights_dir=weights_dir,
        data_dir=data_dir,
        plugins=tuple(plugins or ()),
        threads=threads or usable_cores(),
        say=lambda line: console.print(line, markup=False, soft_wrap=True),
    )
    outcomes = session.run(chosen.specs, started, seconds)
    extra = [word for path in plugins or () for word in ("--plugin", str(path))]
    advice = advise(outcomes, limits, what, folder, seen.copy_share, extra)
    console.print()
    print_outcomes(console, outcomes, limits, advice)
    title = f"{dataset.title}: {what}, {count_of(outcomes.size, 'picture')}"
    written = write_outcomes(outcomes, limits, advice, title, out / "recommend" / file_stem(dataset.title))
    console.print(
        f"\n{' and '.join(map(str, written))} after {duration(outcomes.seconds)}", markup=False, soft_wrap=True
    )
    _print_advice(console, advice)


def _require_some(chosen: "Candidates") -> None:
    """Raise BenchmarkError where no method is left to try."""
    from datasets.errors import BenchmarkError

    if not chosen.specs:
        reasons = "; ".join(f"{method}: {why}" for method, why in chosen.left_out[:3])
        raise BenchmarkError(f"no method can be tried here: {reasons}")


def _print_advice(console: "Console", advice: "Advice") -> None:
    """What to take, and how; exit code 1 where nothing is to be recommended."""
    console.print()
    for line in (*advice.lines, *(f"    {command}" for command in advice.commands)):
        console.print(line, markup=False, soft_wrap=True)
    if advice.choice is None:
        raise typer.Exit(1)
