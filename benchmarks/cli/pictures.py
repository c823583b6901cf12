"""`pictures`: contact sheets from stored rankings, to look at what each method finds."""

from pathlib import Path

from benchmarks.cli import options
from benchmarks.cli.report import NOTHING
from datasets.errors import BenchmarkError


def pictures(
    methods: options.Methods = None,
    data_dir: options.DataDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
) -> None:
    """Draw the first results of each method for the same queries, right and wrong framed."""
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.reporting.pictures.write import write_contact_sheets
    from benchmarks.system.terminal import Console

    registry = load_plugins(plugins or ())
    chosen = [registry.get(name).id for name in methods] if methods else None
    sheets = write_contact_sheets(Store(out), registry, data_dir, out, chosen)
    console = Console()
    for line in (*map(str, sheets.written), *(f"left out: {reason}" for reason in sheets.left_out)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not sheets.written and not sheets.left_out:
        raise BenchmarkError(NOTHING.format(out=out))
