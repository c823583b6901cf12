"""`compare` and `baseline`: the regression gate."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

baseline = typer.Typer(help="The results that later runs are compared with.", no_args_is_help=True)

DEFAULT = Path("results/reference/baseline/smoke.json")


def compare(
    base: Annotated[Path, typer.Argument(help="A baseline file, or the results folder of an earlier run.")],
    new: Annotated[Path, typer.Argument(help="The results folder of the new run (or a baseline file).")],
    methods: options.Methods = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Allowed drop of accuracy, absolute.")] = 0.005,
    alpha: Annotated[float, typer.Option("--alpha", help="Chance of a false alarm in the whole comparison.")] = 0.05,
    latency_ratio: Annotated[float, typer.Option("--latency-ratio", help="Allowed slowdown of query time.")] = 1.10,
    memory_ratio: Annotated[float, typer.Option("--memory-ratio", help="Allowed growth of peak memory.")] = 1.25,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write the report for a pull request.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the report for machines.")] = None,
    plugins: options.Plugins = None,
) -> None:
    """Compare two runs query by query: exit 0 same or better, 1 worse, 2 not comparable.

    Accuracy by paired bootstrap on the stored rankings, memory by ratio, query time only where both versions took turns
    in one job (`latency --against`).
    """
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.tasking.registry import tasks_of
    from benchmarks.gate.forms import JSON, MARKDOWN, print_report, to_json, to_markdown
    from benchmarks.gate.report import compare_paths
    from benchmarks.gate.rules import Rules
    from benchmarks.system.files import write_json, write_text
    from benchmarks.system.named_files import require_free
    from benchmarks.system.terminal import Console
    from datasets.errors import BenchmarkError

    for path, option, form in ((markdown, "--markdown", MARKDOWN), (json, "--json", JSON)):
        if path is not None:
            require_free(path, option, form)
    rules = Rules(alpha=alpha, tolerance=tolerance, latency_ratio=latency_ratio, memory_ratio=memory_ratio)
    report = compare_paths(base, new, rules, methods or (), tasks_of(load_plugins(plugins or ())))
    try:
        if markdown:
            write_text(markdown, to_markdown(report))
        if json:
            write_json(json, to_json(report))
    except OSError as error:
        raise BenchmarkError(f"cannot write the report ({error}); name another file") from error
    print_report(Console(), report)
    raise typer.Exit(report.exit_code)


@baseline.command("update", cls=options.CheckedCommand)
def update(
    reason: Annotated[str, typer.Option("--reason", help="Why the results may change: kept in the file.")],
    out: options.OutDir = Path("results"),
    subset: Annotated[str, typer.Option("--subset", help="Of which subset.")] = "smoke",
    file: Annotated[Path, typer.Option("--file", help="Where the baseline lies.")] = DEFAULT,
    plugins: options.Plugins = None,
) -> None:
    """Make a run's results the new baseline, with the reason for it."""
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.tasking.registry import tasks_of
    from benchmarks.gate.baseline import BASELINE
    from benchmarks.gate.sides import update_baseline
    from benchmarks.system.named_files import require_free
    from benchmarks.system.terminal import Console

    require_free(file, "--file", BASELINE)
    snapshot = update_baseline(file, out, subset, reason, tasks_of(load_plugins(plugins or ())))
    size = file.stat().st_size
    Console().print(
        f"{count_of(len(snapshot.cells), 'cell')} in {file} ({size / 1024:.0f} KiB)",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
