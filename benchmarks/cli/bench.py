"""`bench --instructions`: hot paths counted in instructions instead of seconds."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def bench(
    instructions: Annotated[
        bool, typer.Option("--instructions", help="Count instructions under callgrind (needs valgrind).")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Counts to compare with; instructions.json in --out unless given.")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Store the counts as the baseline.")] = False,
    out: options.OutDir = Path("results"),
) -> None:
    """Count the instructions of hot paths and compare them with a baseline: exit code 1 where one takes more.

    Counts do not depend on what else the machine does; times are compared by `latency --against`.
    """
    from benchmarks.instructions.baseline import COUNTS, compared, measured, table, write_baseline
    from benchmarks.reporting.tables.formats import to_markdown
    from benchmarks.system.files import write_text
    from benchmarks.system.named_files import require_free
    from benchmarks.system.terminal import Console
    from datasets.errors import BenchmarkError
    from datasets.words import count_of

    if not instructions:
        raise BenchmarkError("bench counts instructions alone: add --instructions (for times: latency)")
    console = Console()
    path = baseline or out / "instructions.json"
    if update:
        require_free(path, "--baseline", COUNTS)
    with console.status("counting instructions"):
        counts = measured()
    if update:
        write_baseline(path, counts)
        console.print(f"{count_of(len(counts), 'count')} stored in {path}", markup=False, soft_wrap=True)
        return
    changes = compared(path, counts)
    text = to_markdown(table(changes))
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "instructions.md", text)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    if any(each.verdict == "worse" for each in changes):
        raise typer.Exit(1)
