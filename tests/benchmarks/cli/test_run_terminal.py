"""What `run` shows at 80 columns: a plan with whole names, progress that moves, leaders at the end."""

import io
import re
import threading
import time
from pathlib import Path

import pytest
from bench_support import PLUGIN
from rich.console import Console
from test_cli import cli

from benchmarks.cli.leaders import print_next_steps
from benchmarks.cli.progress import LiveObserver, PlainObserver, Watch
from benchmarks.execution.worker import PROGRESS
from methods import progress


@pytest.fixture(scope="module")
def shown(tmp_path_factory, photo_folder):
    """The output of a run at 80 columns, and of the same command again."""
    out = tmp_path_factory.mktemp("run") / "out"
    methods = ("-m", "mean-colour", "-m", "pixels", "-m", "phash", "-m", "bad-kill", "-m", "bad-raise")
    where = ("-d", f"folder:{photo_folder}", "--subset", "smoke", "--task", "retrieval")
    command = ("run", *methods, *where, "--out", out, "--plugin", PLUGIN)
    first = cli(*command, COLUMNS="80")
    only_good = ("run", "-m", "mean-colour", "-m", "pixels", *where, "--out", out, "--plugin", PLUGIN)
    return out, first.stdout, cli(*only_good, COLUMNS="80").stdout


def leaders(text):
    """The leader tables' lines."""
    return text[text.index(", retrieval\nmethod") :].partition("\n\n")[0].splitlines()


def test_a_run_ends_with_its_leaders(shown):
    _, text, _ = shown
    lines = leaders(text)
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 80
    table = [line for line in lines if re.match(r"(mean-colour|pixels|phash)\b", line)]
    values = [float(re.search(r"\d\.\d{3}", line)[0]) for line in table]
    assert len(table) == 3
    assert values == sorted(values, reverse=True)
    assert "best" in table[0]
    assert all(re.search(r"\d\.\d{3} +\d\.\d{3} to \d\.\d{3}", line) for line in table)
    assert not any(re.match("(random|constant|oracle)", line) for line in lines)
    assert re.search(r"canaries: random \S+, constant \S+, oracle 1.000", text)


def test_failures_are_listed_by_reason_and_what_to_do_next_is_said(shown):
    out, text, _ = shown
    assert "2 cells without a result:" in text
    assert "killed: its process ended by SIGKILL" in text
    assert f"overview: {out / 'overview.md'}" in text
    assert f"python -m benchmarks report --out {out}" in text


@pytest.mark.parametrize(
    ("started_as", "shown_as"),
    [
        ("/venv/bin/ris", "ris"),
        ("/checkout/benchmarks/__main__.py", "python -m benchmarks"),
        ("-c", "python -m benchmarks"),
    ],
)
def test_the_next_steps_are_told_as_the_command_was_given(monkeypatch, started_as, shown_as):
    monkeypatch.setattr("sys.argv", [started_as])
    said = io.StringIO()
    print_next_steps(Console(file=said, width=200), Path("elsewhere"), failed=True)
    assert f"report:   {shown_as} report --out elsewhere" in said.getvalue()
    assert said.getvalue().count(shown_as) == 3


def test_what_was_as_stored_ends_with_the_same_leaders(shown):
    _, first, again = shown
    assert "0 cells run, 5 as stored" in again
    assert leaders(again)[:4] == leaders(first)[:4]


def test_a_dry_run_at_80_columns_keeps_names_whole_and_sums_up_what_is_left_out(tmp_path):
    done = cli("run", "--all", "--subset", "smoke", "--dry-run", "--out", tmp_path, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    from methods.registry import load_registry

    for spec in load_registry():
        assert re.search(rf"(?<!\S){re.escape(spec.id)}(?!\S)", done.stdout), spec.id
    left_out = [line for line in lines if line.startswith("left out:")]
    assert len(left_out) == len(set(left_out)) <= 12
    assert re.search(r"left out: \d+ methods", done.stdout)
    assert re.search(r"\d+ cells to run, about \d+ (s|min)", done.stdout)
    assert "methods on lfw (synthetic):smoke, cifar10 (synthetic):smoke," in done.stdout


@pytest.fixture
def watching(bench):
    """A watch over two cells, one of which runs and is at the third of eight images."""
    cells = bench.plan("mean-colour", "bad-sleep").cells
    watch = Watch(dict.fromkeys(cells, 5.0), bench.store, jobs=1)
    watch.started(cells[1])
    with progress.shown_in(bench.store.workdir(cells[1].cell) / PROGRESS):
        progress.report("images indexed", 3, 8)
        yield cells, watch


def test_a_terminal_shows_whole_names_and_how_far_a_cell_has_come(watching):
    cells, watch = watching
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    observer = LiveObserver(console, watch)
    console.print(observer.view())
    row = {"status": "error", "reason": "long " * 40, "wall_s": 1.0, "trained": True}
    observer.finished(cells[0], row)
    text = console.file.getvalue()
    assert "3 of 8 images indexed (38%" in text
    assert re.search(r"0/2 cells, .* left", text)
    assert "…" not in text
    assert text.replace("\n", "").replace(" ", "").count(cells[1].cell.title.replace(" ", "")) == 1


def test_until_the_first_cell_starts_it_is_said_what_is_waited_for(bench):
    watch = Watch(dict.fromkeys(bench.plan("mean-colour").cells, 5.0), bench.store, jobs=1)
    ((title, state),) = watch.lines()
    assert "libraries are loaded" in title
    assert len(f"{title}  {state}") < 78
    watch.started(bench.plan("mean-colour").cells[0])
    assert "libraries" not in str(watch.lines())


def test_a_log_hears_of_a_long_cell_now_and_then(watching):
    _, watch = watching
    console = Console(file=io.StringIO(), width=80)
    observer = PlainObserver(console, watch)
    talking = threading.Thread(target=observer.keep_talking, args=(0.1,))
    talking.start()
    time.sleep(0.5)
    observer.silent.set()
    talking.join(5)
    assert not talking.is_alive()
    text = console.file.getvalue()
    assert "3 of 8 images indexed" in text
    assert re.search(r"0 of 2 cells done, about .* left", text)


def test_a_cell_reports_while_it_runs_and_leaves_no_file(bench):
    seen = set()

    class Look:
        def started(self, planned, pid):
            def look():
                while not done.is_set():
                    for folder in bench.store.workdirs(planned.cell):
                        if state := progress.read(folder / PROGRESS):
                            seen.add(state.what)

            threading.Thread(target=look, daemon=True).start()

        def finished(self, planned, row):
            done.set()

    done = threading.Event()
    bench.run("mean-colour", observer=Look())
    assert "images indexed" in seen
    assert "timing queries" in seen  # the last word before the timed pass, in which nothing reports
    (cell,) = [planned.cell for planned in bench.plan("mean-colour").cells]
    assert not (bench.store.folder(cell) / PROGRESS).exists()
