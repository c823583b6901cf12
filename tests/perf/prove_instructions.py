"""Is one percent more always found, and nothing where nothing changed? Instruction counts, tried many times.

    python -m tests.perf.prove_instructions OUT.md

A trial is what `bench --instructions` does: the median of REPEATS calls of a path against a baseline. Trials come from
several processes, whose environments differ in size and whose hash seeds differ, since both move memory about. For
every path a loop is planted beside the call that takes one percent of its instructions.
"""

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.instructions import count as counting
from benchmarks.instructions.baseline import REPEATS, WORSE, circumstances
from benchmarks.instructions.paths import LOOP, PATHS
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, count
from benchmarks.system.files import write_text
from tests.studies.made_on import made_on

QUIET, PLANTED = 200, 100
TRIALS = 20
"""Of one process: counting takes minutes, and a process has a limit."""
AT_ONCE = 2
SHARE = 0.01


def medians(trials: int, pool: ThreadPoolExecutor, planted: dict[str, int] | None = None) -> list[Future]:
    """Of each path the medians of so many trials, TRIALS from each of several processes in different circumstances."""

    def one(number: int) -> dict[str, np.ndarray]:
        changed = {"UNUSED": "x" * (97 * number), "PYTHONHASHSEED": str(number)}
        calls = counting.count(list(PATHS), TRIALS * REPEATS, planted, changed)
        return {name: np.median(each.reshape(-1, REPEATS), axis=1) for name, each in calls.items()}

    first = QUIET // TRIALS if planted else 0
    return [pool.submit(one, first + number) for number in range(trials // TRIALS)]


def joined(parts: list[Future]) -> dict[str, np.ndarray]:
    """The medians of all processes."""
    return {name: np.concatenate([part.result()[name] for part in parts]) for name in PATHS}


def main(out: Path) -> int:
    """Write the page; 1 where a trial was judged wrongly."""
    facts = circumstances()
    first = counting.count([*PATHS, LOOP], REPEATS)
    base = {name: float(np.median(each)) for name, each in first.items()}
    step = base.pop(LOOP) / 1000
    planted = {name: round(SHARE * each / step) for name, each in base.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = medians(QUIET, pool), medians(PLANTED, pool, planted)
        quiet, more = map(joined, parts)
    rows = []
    for name in PATHS:
        same, worse = quiet[name] / base[name] - 1, more[name] / base[name] - 1
        rows.append(
            {
                "method": name,
                "instructions": base[name],
                "lowest": float(same.min()),
                "highest": float(same.max()),
                "alarms": int((same > WORSE).sum()),
                "least": float(worse.min()),
                "found": int((worse > WORSE).sum()),
            }
        )
    columns = (
        Column("path", "method", is_text=True),
        Column("instructions a call", "instructions", count),
        Column("least change, nothing planted", "lowest", lambda value: f"{value:+.3%}"),
        Column("largest", "highest", lambda value: f"{value:+.3%}"),
        Column(f"false alarms in {QUIET}", "alarms", count),
        Column("least change, 1% planted", "least", lambda value: f"{value:+.3%}"),
        Column(f"found in {PLANTED}", "found", count),
    )
    notes = [
        f"Written by `python -m tests.perf.prove_instructions`. A trial is the median of {REPEATS} calls, worse if it "
        f"takes more than {WORSE:.1%} more than the baseline. {TRIALS} trials are of one process, and each process "
        f"has an environment of another size and another hash seed. Load average at the end: {os.getloadavg()[0]:.0f}.",
        "Made with " + ", ".join(f"{name} {value}" for name, value in facts.items() if name[0] != "$") + ".",
        made_on(),
    ]
    table = Table("Instruction counts: is one percent found, and nothing else?", columns, rows, notes)
    write_text(out, to_markdown(table))
    return int(any(row["alarms"] or row["found"] < PLANTED for row in rows))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
