"""Proof of the regression gate: seeded regressions are caught, reruns of the unchanged code raise no alarm.

    python tests/perf/prove_gate.py --out FOLDER [--reruns 20] [--markdown FILE]

Runs on real data where RIS_DATA says it lies, else on the stand-ins; takes some fifteen minutes. What was finished is
not run again. Ends with 1 if a regression slips through or a rerun raises an alarm.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from seeded_checkout import BGR, LOST, SLEEP, Seed, command_line, make_checkout  # noqa: E402

from benchmarks.core.plan import Plan, PlannedCell, Request, make_plan  # noqa: E402
from benchmarks.core.store import Store  # noqa: E402
from benchmarks.execution.runner import Limits, run_cells, to_run  # noqa: E402
from benchmarks.experiments.latency.rounds import Budget  # noqa: E402
from benchmarks.experiments.latency.session import Session, measure  # noqa: E402
from benchmarks.system.provenance import machine, now, usable_cores  # noqa: E402
from methods.registry import load_registry  # noqa: E402

CLASSICAL = ("pixels", "phash", "hog", "colour-histogram")
LEARNED = ("eigenfaces", "efficientnet-lite0")
TIMED = ("pixels", "phash", "hog")
RUNS = (
    Request(("random", "constant", "oracle", *CLASSICAL), [("cifar10", "standard")], ("retrieval",)),
    Request(("random", "constant", "oracle", *LEARNED), [("imdb-wiki", "smoke")], ("retrieval", "robustness")),
)


class Quiet:
    """An observer that says nothing."""

    def started(self, planned: PlannedCell, pid: int) -> None:
        """Nothing to say."""

    def finished(self, planned: PlannedCell, row: dict[str, Any]) -> None:
        """Nothing to say."""


def run_unchanged(out: Path) -> Path:
    """Every cell of RUNS in a fresh folder; returns it."""
    store = Store(out)
    store.require_writable()
    registry = load_registry()
    requests = [surrounded(request) for request in RUNS]
    cells = [planned for request in requests for planned in to_run(make_plan(request, registry, store))]
    for row in run_cells(cells, requests[0], store, Limits(jobs=2), Quiet()):
        if row["status"] != "ok":
            raise SystemExit(f"{row['inputs']['method']['id']} has no result: {row['reason']}")
    return out


def time_unchanged(out: Path, against: Path) -> None:
    """Interleaved rounds of this checkout and an equal one, stored with the run in `out`."""
    store = Store(out)
    request = surrounded(Request(TIMED, [("imdb-wiki", "smoke")], ("retrieval",)))
    plan: Plan = make_plan(request, load_registry(), store)
    if not (out / "paired").exists():
        measure(plan.cells, Session(request, store, Budget(batch_seconds=0.01), against))


def surrounded(request: Request) -> Request:
    """The request on this machine's data and cores."""
    data, weights = (Path(os.environ[name]) if name in os.environ else None for name in ("RIS_DATA", "RIS_WEIGHTS"))
    return replace(request, data_dir=data, weights_dir=weights, threads=usable_cores())


def compared(base: Path, new: Path) -> dict[str, Any]:
    """What `compare` says, with its exit code."""
    report = new / "gate.json"
    done = command_line(ROOT, "compare", base, new, "--json", report)
    document = json.loads(report.read_text())
    if done.returncode != document["exit_code"]:
        raise SystemExit(
            f"compare ended with {done.returncode}, its report says {document['exit_code']}: {done.stderr}"
        )
    return document


def prove_seeds(out: Path, plain: Path) -> list[tuple[Seed, dict[str, Any]]]:
    """Each regression with what the gate says of it."""

    def both(name: str, seed: Seed, *command: str) -> tuple[Path, Path]:
        """Results of a command of the plain and of the seeded checkout; what is there already is not run again."""
        checkout = make_checkout(out / "checkouts" / name, seed)
        command_line(plain, *command, "--out", out / f"{name}-base")
        command_line(checkout, *command, "--out", out / name)
        return out / f"{name}-base", out / name

    network = both("bgr", BGR, "run", "-m", "efficientnet-lite0", "-d", "cifar10:standard", "--task", "retrieval")
    classical = [word for name in CLASSICAL for word in ("-m", name)]
    lost = both("lost", LOST, "run", *classical, "-d", "cifar10:standard", "--task", "retrieval")
    tasks = ("--task", "retrieval", "--task", "robustness")
    small = both("lost-smoke", LOST, "run", *classical, "--subset", "smoke", *tasks)
    timed = [*(word for name in TIMED for word in ("-m", name)), "-d", "imdb-wiki:smoke"]
    slow = both("asleep", SLEEP, "run", *timed, "--task", "retrieval")
    if not (slow[1] / "paired").exists():
        command_line(out / "checkouts" / "asleep", "latency", *timed, "--against", plain, "--out", slow[1])
    smoke = replace(LOST, name=f"{LOST.name}, smoke subsets")
    return [(BGR, compared(*network)), (LOST, compared(*lost)), (smoke, compared(*small)), (SLEEP, compared(*slow))]


def seed_rows(seed: Seed, report: dict[str, Any]) -> list[str]:
    """A line of markdown for each figure that the regression touched."""
    touched = [
        finding
        for finding in report["findings"]
        if finding["verdict"] == "worse"
        or finding["measure"] == "query time"
        or (finding["flips"]["lost"] and finding["cell"]["subset"] != "smoke")
    ]
    rows = []
    for finding in touched:
        change = f"{finding['base']:.3f} → {finding['new']:.3f}" if finding["base"] is not None else finding["note"]
        p = f"{finding['p']:.2g}" if finding["p"] is not None else ""
        lost = (
            f"−{len(finding['flips']['lost'])} +{len(finding['flips']['won'])}" if finding["measure"] == "hit@1" else ""
        )
        verdict = finding["verdict"] + (f" ({finding['note']})" if finding["note"] else "")
        cells = (seed.name, report["exit_code"], finding["subject"], finding["measure"], change, lost, p, verdict)
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return rows


def rerun_row(number: int, report: dict[str, Any]) -> str:
    """A line of markdown for one rerun."""
    findings = report["findings"]
    accuracy = [f for f in findings if f["measure"] in ("hit@1", "mAP")]
    ratios = [f["new"] for f in findings if f["measure"] == "query time"]
    memory = [f["new"] / f["base"] for f in findings if f["measure"] == "peak memory" and f["base"]]
    changed = sum(f["base"] != f["new"] or bool(f["flips"]["lost"]) for f in accuracy)
    cells = (
        number,
        report["exit_code"],
        report["verdict"],
        f"{changed} of {len(accuracy)}",
        f"{min(ratios):.3f} to {max(ratios):.3f}",
        f"{min(memory):.2f} to {max(memory):.2f}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> int:
    """Run what is not yet there, print the tables; 1 if the gate failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--reruns", type=int, default=20)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    out: Path = options.out
    plain = make_checkout(out / "checkouts" / "plain")
    seeds = prove_seeds(out, plain)
    for seed, report in seeds:
        print(f"{seed.name}: {report['verdict']}", flush=True)
    base = run_unchanged(out / "base")
    reports = []
    for number in range(1, options.reruns + 1):
        rerun = run_unchanged(out / f"rerun-{number:02d}")
        time_unchanged(rerun, plain)
        reports.append(compared(base, rerun))
        print(rerun_row(number, reports[-1]), flush=True)
    facts = machine()
    caught = sum(report["exit_code"] == 1 for _, report in seeds)
    alarms = sum(report["exit_code"] != 0 for report in reports)
    lines = [
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {now()[:10]}. "
        f"{caught} of {len(seeds)} regressions caught; {alarms} alarms in {len(reports)} reruns.",
        "",
        "| regression | exit | what | measure | before → after | hits | p | verdict |",
        "|:--|--:|:--|:--|:--|--:|--:|:--|",
        *[row for seed, report in seeds for row in seed_rows(seed, report)],
        "",
        "| rerun | exit | verdict | accuracies that moved | query time ratios | peak memory ratios |",
        "|--:|--:|:--|--:|--:|--:|",
        *[rerun_row(number, report) for number, report in enumerate(reports, 1)],
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    return 0 if caught == len(seeds) and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
