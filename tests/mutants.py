"""Twelve faults that change figures without any error, planted one at a time: the named test must fail for each.

    python tests/mutants.py [--out FOLDER] [NAME...]

Plants them in a copy of the committed code. Ends with 1 where a fault goes unnoticed. tests/mutation/sample.py plants
faults drawn at random.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUIET = "tests/benchmarks/test_quiet_faults.py"


@dataclass(frozen=True)
class Mutant:
    """A replacement in one file, and the test that notices it."""

    name: str
    file: str
    before: str
    after: str
    test: str


MUTANTS = (
    Mutant(
        "resume ignores changed weights",
        "benchmarks/core/staleness.py",
        '        "weights": weights,\n',
        '        "weights": None,\n',
        f"{QUIET}::test_other_weights_make_a_cell_stale",
    ),
    Mutant(
        "resume ignores changed code",
        "benchmarks/core/staleness.py",
        '        "code": fingerprint.method_code(spec),\n',
        '        "code": {},\n',
        "tests/benchmarks/core/test_staleness.py::test_what_can_change_a_figure_makes_cells_stale_and_is_named",
    ),
    Mutant(
        "the timed pass reads stored embeddings",
        "benchmarks/tasks/retrieval.py",
        "    afresh(method)\n",
        "",
        f"{QUIET}::test_a_timed_query_is_encoded_although_its_embedding_is_stored",
    ),
    Mutant(
        "ids of queries are not given to scoring",
        "benchmarks/core/judged/relevance.py",
        "codes[n:], truth.junk(rows))",
        "codes[n:], np.empty((0, 2), dtype=np.int64))",
        f"{QUIET}::test_a_query_in_the_gallery_does_not_find_itself",
    ),
    Mutant(
        "macro figures are micro figures",
        "benchmarks/core/scoring.py",
        "macro(column, classes)",
        "micro(column)",
        f"{QUIET}::test_tables_take_macro_figures_from_classes",
    ),
    Mutant(
        "stored ids overflow 16 bits",
        "benchmarks/core/store.py",
        "< 2**15 else",
        "< 2**16 else",
        f"{QUIET}::test_large_galleries_keep_their_ids",
    ),
    Mutant(
        "the memory limit does not see children",
        "benchmarks/system/processes.py",
        "for member in self.members(pid):",
        "for member in [psutil.Process(pid)]:",
        f"{QUIET}::test_memory_of_a_cells_children_counts",
    ),
    Mutant(
        "timeouts fire at three times their value",
        "benchmarks/execution/launch.py",
        "if elapsed > timeout:",
        "if elapsed > 3 * timeout:",
        f"{QUIET}::test_a_timeout_is_kept_to",
    ),
    Mutant(
        "canaries may stray by 40 standard errors",
        "benchmarks/core/scoring.py",
        "CANARY_STANDARD_ERRORS = 4.0",
        "CANARY_STANDARD_ERRORS = 40.0",
        f"{QUIET}::test_a_random_canary_may_stray_by_four_standard_errors",
    ),
    Mutant(
        "p95 is p90",
        "benchmarks/execution/timing.py",
        "[50, 95, 99]",
        "[50, 90, 99]",
        f"{QUIET}::test_percentiles_are_those_named",
    ),
    Mutant(
        "rotation by 5 degrees",
        "datasets/distortions.py",
        "(width / 2, height / 2), 10, 1.0)",
        "(width / 2, height / 2), 5, 1.0)",
        f"{QUIET}::test_rotated_copies_are_turned_by_ten_degrees",
    ),
    Mutant(
        "tied within 0.05",
        "benchmarks/metrics/statistics.py",
        "if interval.low <= 0}",
        "if interval.low <= 0.05}",
        f"{QUIET}::test_a_small_lead_that_is_certain_is_no_tie",
    ),
    Mutant(
        "queries are the first by name",
        "datasets/selection.py",
        'return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()',
        'return text.encode("utf-8", "surrogatepass")',
        f"{QUIET}::test_queries_are_not_the_first_by_name",
    ),
)


def passes(checkout: Path, tests: list[str]) -> bool:
    """Whether the tests pass in this copy of the code."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=checkout, capture_output=True, check=False).returncode == 0


def notices(checkout: Path, mutant: Mutant) -> bool:
    """Whether the mutant's test fails with it; its file is put back."""
    path = checkout / mutant.file
    original = path.read_text(encoding="utf-8")
    if original.count(mutant.before) != 1:
        raise SystemExit(f"{mutant.file} does not hold {mutant.before!r} once: adapt tests/mutants.py")
    path.write_text(original.replace(mutant.before, mutant.after), encoding="utf-8")
    try:
        return not passes(checkout, [mutant.test])
    finally:
        path.write_text(original, encoding="utf-8")


def main() -> int:
    """Plant each; 1 where one goes unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="Parts of the names of those to plant; all of them if none is given.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chosen = [each for each in MUTANTS if not options.names or any(part in each.name for part in options.names)]
    with tempfile.TemporaryDirectory() as temporary:
        checkout = Path(options.out or temporary).resolve()
        checkout.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", checkout], input=archive, check=True)
        if not passes(checkout, sorted({each.test for each in chosen})):
            raise SystemExit("the tests fail on the unchanged code")
        unnoticed = 0
        for mutant in chosen:
            seen = notices(checkout, mutant)
            unnoticed += not seen
            print(
                f"{'noticed  ' if seen else 'UNNOTICED'} {mutant.name} ({mutant.test.rpartition('::')[2]})", flush=True
            )
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
