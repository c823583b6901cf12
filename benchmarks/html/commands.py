"""The commands that make a figure again."""

import shlex
from collections.abc import Sequence

from benchmarks.tables.groups import Group

REPORT = "python -m benchmarks report"


def run_command(group: Group, methods: Sequence[str] = ()) -> str:
    """Run the group's cells (of `methods`; all unless given) and write the report again."""
    cell = group.entries[0][0]
    who = " ".join(f"-m {shlex.quote(method)}" for method in methods) if methods else "--all"
    what = f"-d {shlex.quote(f'{cell.dataset}:{cell.subset}')} --task {cell.task}"
    return f"python -m benchmarks run {who} {what} && {REPORT}"
