"""A sampled mutation run over the core: small changes of the code, of which the tests should notice nearly all.

    pip install -e '.[mutation]'
    python tests/mutation/sample.py --out FOLDER [--part metrics] [--each 40] [--minutes 20] [--markdown FILE]

Mutants are cosmic-ray's, drawn with a seed, so many of each part. They are applied in a copy of the committed code,
one at a time; what is finished is kept in FOLDER and not run again, so a run may stop at any time and go on later.
"""

import argparse
import ast
import difflib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2  # noqa: F401
import hypothesis  # noqa: F401
import pandas as pd  # noqa: F401
import pyarrow  # noqa: F401
import pytest
import scipy.stats  # noqa: F401
import sklearn  # noqa: F401

ROOT = Path(__file__).parents[2]
SEED = 20240501
TIMEOUT = 300.0
"""Seconds after which the tests of a mutant count as failed: an endless loop."""
PARTS = {
    "metrics": ("benchmarks/metrics/*.py", ["metrics_*", "pair_ranks", "junk", "identification_metric", "additions"]),
    "gate": ("benchmarks/gate/*.py", ["gate_*", "memory_cold_and_warm", "judged", "additions"]),
    "protocol": ("benchmarks/protocol.py", ["protocol", "timing_clock", "measuring"]),
    "timing": ("benchmarks/execution/timing.py", ["timing_clock", "measuring", "quiet_faults"]),
    "store": (
        "benchmarks/core/store.py",
        ["plan_and_resume", "damaged_files", "tasks_and_tables", "failed_reruns", "quiet_faults"],
    ),
    "plan": ("benchmarks/core/plan.py", ["plan_and_resume", "staleness", "tasks_and_tables", "devices"]),
}
"""What is mutated, and patterns of the test files that should notice, quick ones first."""


def mutants(pattern: str, count: int) -> list[Any]:
    """`count` of the mutants of the files, drawn with SEED; all of them where there are fewer."""
    from cosmic_ray.commands.init import init
    from cosmic_ray.work_db import use_db

    paths = [path for path in sorted(Path().glob(pattern)) if path.name != "__init__.py"]
    with use_db(":memory:") as database:
        init(paths, database, {})
        found = [mutation for item in database.work_items for mutation in item.mutations]
    annotated = {path: annotations(path) for path in paths}
    found = [each for each in found if not lies_in(each, annotated[Path(each.module_path)])]
    found.sort(key=lambda each: (str(each.module_path), each.start_pos, each.operator_name, each.occurrence))
    return random.Random(SEED).sample(found, min(count, len(found)))


def annotations(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where types stand, as (line, column) from and to: `int + None` for `int | None` fails at import, untested."""
    trees = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.AST)]
    types = [getattr(node, name, None) for node in trees for name in ("annotation", "returns")]
    return [((each.lineno, each.col_offset), (each.end_lineno, each.end_col_offset)) for each in types if each]


def lies_in(mutation: Any, places: list[tuple[tuple[int, int], tuple[int, int]]]) -> bool:
    """Whether what is changed lies within one of the places."""
    return any(start <= tuple(mutation.start_pos) and tuple(mutation.end_pos) <= end for start, end in places)


def name_of(mutation: Any) -> str:
    """A key that stays the same as long as the code does."""
    where = ":".join(map(str, (mutation.module_path, *mutation.start_pos)))
    return f"{where} {mutation.operator_name.partition('/')[2]} {mutation.occurrence}"


def run_tests(tests: list[str]) -> str:
    """ "killed" where a test of the copy fails, or none ends within TIMEOUT; "survived" where all pass.

    The tests run in a fork, which has the large libraries already; the project is first imported there.
    """
    there = [str(path) for name in tests for path in sorted(Path("tests/benchmarks").rglob(f"test_{name}.py"))]
    child = os.fork()
    if not child:
        os.setsid()
        with Path("pytest.log").open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *there])
        os._exit(int(code))
    until = time.monotonic() + TIMEOUT
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "killed"
        time.sleep(0.05)
    return "killed" if ended[1] else "survived"


def run_part(part: str, options: argparse.Namespace, until: float) -> None:
    """Every mutant of a part that has no result yet, until the clock says `until`."""
    from cosmic_ray.mutating import use_mutation
    from cosmic_ray.plugins import get_operator

    pattern, tests = PARTS[part]
    file = options.out / f"{part}.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    drawn = mutants(pattern, options.each)
    if not any(known.values()) and run_tests(tests) != "survived":
        raise SystemExit(f"{part}: the tests fail on the unchanged code")
    results = {name_of(each): known.get(name_of(each)) for each in drawn}
    if options.again:
        results = {
            name: None if result and result["outcome"] == "survived" else result for name, result in results.items()
        }
    for mutation in drawn:
        if results[name_of(mutation)] is None and time.monotonic() < until:
            operator = get_operator(mutation.operator_name)(**mutation.operator_args)
            with use_mutation(mutation.module_path, operator, mutation.occurrence) as (before, after):
                outcome = run_tests(tests)
            diff = "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))
            results[name_of(mutation)] = {"outcome": outcome, "diff": diff}
            print(f"{part}: {outcome:9} {name_of(mutation)}", flush=True)
            file.write_text(json.dumps(results, indent=1))
    file.write_text(json.dumps(results, indent=1))


def make_copy(out: Path) -> Path:
    """The committed code in a folder of its own, in which it may be changed: several runs may share `out`."""
    out.mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(prefix="checkout-", dir=out))
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", copy], input=archive, check=True)
    return copy


def main() -> int:
    """Run what is missing, print and write the report."""
    from report import write_report

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--each", type=int, default=40, help="Mutants of each part.")
    parser.add_argument("--minutes", type=float, default=60.0, help="Begin no mutant after so long.")
    parser.add_argument("--again", action="store_true", help="Run those that survived again, with other tests.")
    parser.add_argument("--markdown", type=lambda text: Path(text).resolve())
    options = parser.parse_args()
    copy = make_copy(options.out)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    until = time.monotonic() + options.minutes * 60
    try:
        for part in options.part or PARTS:
            run_part(part, options, until)
    finally:
        shutil.rmtree(copy)
    os.chdir(ROOT)
    sys.path[0] = str(ROOT)
    return write_report(options.out, list(PARTS), options.markdown)


if __name__ == "__main__":
    sys.exit(main())
