"""A sampled mutation run over the core: small changes of the code, of which the tests should notice nearly all.

    pip install -e '.[mutation]'
    python tests/mutation/sample.py --out FOLDER [--part metrics] [--each 40] [--minutes 20] [--markdown FILE]

Mutants are cosmic-ray's, drawn with a seed, so many of each part. They are applied in a copy of the committed code,
one at a time; what is finished is kept in FOLDER and not run again, so a run may stop at any time and go on later.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SEED = 20240501
TIMEOUT = 300.0
"""Seconds after which the tests of a mutant count as failed: an endless loop."""
_METRICS = (
    "judgement",
    "properties",
    "oracles",
    "statistics",
    "intervals",
    "clusters",
    "chance",
    "verification",
    "votes",
)
_GATE = ("accuracy", "latency", "files", "power", "cli")
PARTS = {
    "metrics": (
        "benchmarks/metrics/*.py",
        [*(f"metrics_{name}" for name in _METRICS), "identification_metric", "pair_ranks"],
    ),
    "gate": ("benchmarks/gate/*.py", [f"gate_{name}" for name in _GATE]),
    "protocol": ("benchmarks/protocol.py", ["protocol"]),
    "timing": ("benchmarks/timing.py", ["timing_clock", "measuring"]),
    "store": ("benchmarks/store.py", ["plan_and_resume", "damaged_files", "tasks_and_tables", "failed_reruns"]),
    "plan": ("benchmarks/plan.py", ["plan_and_resume", "staleness", "tasks_and_tables"]),
}
"""What is mutated, and the test files that should notice, quick ones first."""


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


def test_command(python: str, tests: list[str]) -> str:
    """Stops at the first test that fails."""
    there = [path for path in (f"tests/benchmarks/test_{name}.py" for name in tests) if Path(path).exists()]
    return f"{python} -m pytest -x -q -p no:cacheprovider {' '.join(there)}"


def run_part(part: str, options: argparse.Namespace, until: float) -> None:
    """Every mutant of a part that has no result yet, until the clock says `until`."""
    from cosmic_ray.mutating import mutate_and_test

    pattern, tests = PARTS[part]
    file = options.out / f"{part}.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    command = test_command(options.python, tests)
    drawn = mutants(pattern, options.each)
    if not any(known.values()) and subprocess.run(command.split(), check=False).returncode:
        raise SystemExit(f"{part}: the tests fail on the unchanged code")
    results = {name_of(each): known.get(name_of(each)) for each in drawn}
    if options.again:
        results = {
            name: None if result and result["outcome"] == "survived" else result for name, result in results.items()
        }
    for mutation in drawn:
        if results[name_of(mutation)] is None and time.monotonic() < until:
            result = mutate_and_test([mutation], command, TIMEOUT)
            outcome = str(result.test_outcome.value if result.test_outcome else result.worker_outcome.value)
            results[name_of(mutation)] = {"outcome": outcome, "diff": result.diff or ""}
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
    parser.add_argument("--python", default=sys.executable, help="The interpreter that runs the tests.")
    parser.add_argument("--markdown", type=lambda text: Path(text).resolve())
    options = parser.parse_args()
    copy = make_copy(options.out)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy)
    until = time.monotonic() + options.minutes * 60
    try:
        for part in options.part or PARTS:
            run_part(part, options, until)
    finally:
        shutil.rmtree(copy)
    return write_report(options.out, list(PARTS), options.markdown)


if __name__ == "__main__":
    sys.exit(main())
