"""This machine runs cells side by side, but for those whose times are results."""

import signal
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest

from benchmarks.execution.backends import execute
from benchmarks.execution.backends.contract import Stopped
from benchmarks.execution.backends.execute import end
from benchmarks.execution.backends.local import LocalBackend, Machine
from benchmarks.execution.launch import Outcome
from benchmarks.execution.runner import Limits


def started(machine, alone, entered, leave):
    """A thread that notes that it holds the machine, until told to leave."""

    def hold():
        with machine.held(alone):
            entered.append(alone)
            leave.wait(10)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    return thread


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [(False, False, True), (False, True, False), (True, False, False), (True, True, False)],
)
def test_one_that_is_timed_has_the_machine_to_itself(first, second, together):
    machine, entered, leave = Machine(), [], threading.Event()
    threads = [started(machine, first, entered, leave)]
    until(lambda: entered)
    threads.append(started(machine, second, entered, leave))
    if together:
        until(lambda: len(entered) == 2)
    else:
        time.sleep(0.05)
        assert len(entered) == 1
    leave.set()
    for thread in threads:
        thread.join(10)
    assert sorted(entered) == sorted([first, second])


def test_one_that_waits_to_be_alone_comes_before_others_that_share():
    machine, entered, leave = Machine(), [], threading.Event()
    threads = [started(machine, False, entered, leave)]
    until(lambda: entered)
    threads.append(started(machine, True, entered, leave))
    until(lambda: machine._waiting)
    threads.append(started(machine, False, entered, leave))
    time.sleep(0.05)
    assert entered == [False]
    leave.set()
    for thread in threads:
        thread.join(10)
    assert entered == [False, True, False]


def test_an_error_gives_the_machine_back():
    machine = Machine()
    with pytest.raises(ValueError), machine.held(alone=True):
        raise ValueError
    with machine.held(alone=False), machine.held(alone=False):
        pass


@pytest.mark.parametrize(("subset", "beside"), [("standard", 1), ("smoke", 2)])
def test_rows_say_how_many_cells_ran_at_a_time(bench, subset, beside):
    assert LocalBackend.keeps_apart
    where = ((f"folder:{bench.folder}", subset),)
    rows = bench.run("mean-colour", "random", datasets=where, limits=Limits(timeout=120, jobs=2))
    assert {(row["status"], row["jobs"]) for row in rows.values()} == {("ok", beside)}


@pytest.fixture
def sleeper():
    """A process in no group of its own, as a cell's is until it has made one."""
    process = subprocess.Popen(["sleep", "300"])
    yield process
    process.kill()
    process.wait()


def test_a_process_without_a_group_of_its_own_is_ended(sleeper):
    end({sleeper.pid})
    assert sleeper.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("of", ["cell", "check of its engine"])
def test_a_process_that_starts_while_the_run_is_stopped_is_ended(sleeper, monkeypatch, tmp_path, of):
    """Or an interrupted run of several cells at a time waits for it, for as long as it takes."""
    backend = LocalBackend()

    def start(begin):
        backend.stop()
        begin(sleeper.pid)
        assert sleeper.wait(10) == -signal.SIGKILL
        return Outcome("killed", "", 0.0, {}, "")

    monkeypatch.setattr(execute, "run_isolated", lambda job, timeout, memory, begin, entry: start(begin))
    monkeypatch.setattr(execute, "require_equivalent", lambda job, engine, trained, checker: start(checker.on_start))
    monkeypatch.setattr(execute, "embeddings_folder", lambda embeddings, engine: embeddings)
    monkeypatch.setattr(execute, "replace", lambda one, **changes: one)
    engine = None if of == "cell" else "openvino"
    job = SimpleNamespace(out=tmp_path, embeddings=tmp_path / "rows")
    task = SimpleNamespace(timed=False, engine=engine, job=job, timeout=1, memory_bytes=1, trained=True, entry="")
    begun = []
    with pytest.raises(Stopped):
        backend.run(task, begun.append)
    assert begun[:1] == [sleeper.pid]
