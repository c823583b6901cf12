"""A sampled mutation run over the core: small changes of the code, of which the tests should notice nearly all.

    pip install -e '.[mutation]'
    python tests/mutation/sample.py --out FOLDER [--part metrics] [--each 40] [--minutes 20] [--markdown FILE]

Mutants are cosmic-ray's, drawn with a seed, so many of each part. They are applied in a copy of the committed code,
one at a time; what is finished is kept in FOLDER and not run again, so a run may stop at any time and go on later.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SEED = 20240501
TIMEOUT = 900.0
_METRICS = "judgement properties oracles statistics intervals clusters chance verification votes"
_GATE = "accuracy latency files cli power"
_STORE = "plan_and_resume failed_reruns damaged_files store_files tasks_and_tables"
PARTS = {
    "metrics": ("benchmarks/metrics/*.py", [f"test_metrics_{name}.py" for name in _METRICS.split()]),
    "gate": ("benchmarks/gate/*.py", [f"test_gate_{name}.py" for name in _GATE.split()]),
    "protocol": ("benchmarks/protocol.py", ["test_protocol.py"]),
    "timing": ("benchmarks/timing.py", ["test_timing_clock.py", "test_measuring.py"]),
    "store": ("benchmarks/store.py", [f"test_{name}.py" for name in _STORE.split()]),
    "plan": ("benchmarks/plan.py", ["test_plan_and_resume.py", "test_staleness.py"]),
}
"""What is mutated, and the tests that should notice."""


def mutants(pattern: str, count: int) -> list[Any]:
    """`count` of the mutants of the files, drawn with SEED; all of them where there are fewer."""
    from cosmic_ray.commands.init import init
    from cosmic_ray.work_db import use_db

    paths = [path for path in sorted(Path().glob(pattern)) if path.name != "__init__.py"]
    with use_db(":memory:") as database:
        init(paths, database, {})
        found = [mutation for item in database.work_items for mutation in item.mutations]
    found.sort(key=lambda each: (str(each.module_path), each.start_pos, each.operator_name, each.occurrence))
    return random.Random(SEED).sample(found, min(count, len(found)))


def name_of(mutation: Any) -> str:
    """A key that stays the same as long as the code does."""
    where = ":".join(map(str, (mutation.module_path, *mutation.start_pos)))
    return f"{where} {mutation.operator_name.partition('/')[2]} {mutation.occurrence}"


def test_command(python: str, tests: list[str]) -> str:
    """Stops at the first test that fails."""
    there = [path for path in (f"tests/benchmarks/{name}" for name in tests) if Path(path).exists()]
    return f"{python} -m pytest -x -q -p no:cacheprovider {' '.join(there)}"


def run_part(part: str, options: argparse.Namespace, until: float) -> None:
    """Every mutant of a part that has no result yet, until the clock says `until`."""
    from cosmic_ray.mutating import mutate_and_test

    pattern, tests = PARTS[part]
    file = options.out / f"{part}.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    command = test_command(options.python, tests)
    drawn = mutants(pattern, options.each)
    if not known and subprocess.run(command.split(), check=False).returncode:
        raise SystemExit(f"{part}: the tests fail on the unchanged code")
    results = {name_of(each): known.get(name_of(each)) for each in drawn}
    for mutation in drawn:
        if results[name_of(mutation)] is None and time.monotonic() < until:
            result = mutate_and_test([mutation], command, TIMEOUT)
            outcome = str(result.test_outcome.value if result.test_outcome else result.worker_outcome.value)
            results[name_of(mutation)] = {"outcome": outcome, "diff": result.diff or ""}
            print(f"{part}: {outcome:9} {name_of(mutation)}", flush=True)
            file.write_text(json.dumps(results, indent=1))
    file.write_text(json.dumps(results, indent=1))


def make_copy(out: Path) -> Path:
    """The committed code in a folder of its own, in which it may be changed."""
    copy = out / "checkout"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
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
    parser.add_argument("--python", default=sys.executable, help="The interpreter that runs the tests.")
    parser.add_argument("--markdown", type=lambda text: Path(text).resolve())
    options = parser.parse_args()
    os.chdir(make_copy(options.out))
    until = time.monotonic() + options.minutes * 60
    for part in options.part or PARTS:
        run_part(part, options, until)
    return write_report(options.out, list(PARTS), options.markdown)


if __name__ == "__main__":
    sys.exit(main())
