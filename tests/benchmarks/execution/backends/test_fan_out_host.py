"""What a host does with a task before its cell begins: counts attempts, compares code, waits for tokens."""

import errno
import tempfile
import threading
from dataclasses import replace

import pytest

from benchmarks.execution.backends import agents, host
from benchmarks.execution.backends.attempts import attempts_begun, begin_attempt, keep_finished, kept_finished
from benchmarks.execution.backends.contract import BackendError, Finished, Stopped
from benchmarks.execution.backends.host import check_same_code, gave_up, run_task, tokens_of
from benchmarks.execution.backends.planned import Limits, make_task, template_of
from benchmarks.execution.launch import Outcome


@pytest.fixture
def task(bench, tmp_path):
    request = bench.request("pixels")
    (planned,) = bench.plan("pixels").cells
    workdir = tmp_path / "work"
    workdir.mkdir()
    return make_task(
        planned, request, bench.store, workdir, Limits(60), template_of([planned.spec], request, bench.store)
    )


@pytest.fixture(autouse=True)
def own_tokens(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_task_has_two_attempts_and_no_more(task):
    assert begin_attempt(task.job.workdir) == (1, task.job.workdir / "attempt-1")
    assert begin_attempt(task.job.workdir) == (2, task.job.workdir / "attempt-2")
    assert begin_attempt(task.job.workdir) is None
    finished = run_task(task, set())
    assert (finished.outcome.status, finished.attempt) == ("killed", 2)
    assert finished.workdir == task.job.workdir / "attempt-2"
    assert "2 times out of 2" in finished.outcome.reason


def test_a_task_whose_agents_never_got_that_far_has_no_attempt_to_show(task):
    assert gave_up(task).workdir == task.job.workdir
    assert gave_up(task).attempt == 0


def test_what_was_finished_is_not_run_again(task):
    number, folder = begin_attempt(task.job.workdir)
    finished = Finished(Outcome("ok", "", 1.5, {"index_s": 2}, ""), folder, "2026-01-01", {"git": {}}, "far", number)
    keep_finished(task.job.workdir, finished)
    assert kept_finished(task.job.workdir) == finished
    assert run_task(task, set()) == finished
    assert len(attempts_begun(task.job.workdir)) == 1


def test_cells_do_not_inherit_what_dask_sets_for_its_workers(task, monkeypatch):
    """Its nanny has its workers' memory trimmed at every turn, which would slow cells down by half."""
    started = {}

    class Started:
        def __init__(self, command, env, **more):
            started.update(env)

    monkeypatch.setattr(agents.subprocess, "Popen", Started)
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.setenv("LANG", "C.UTF-8")
    agents.Agent(task.template)
    assert "MALLOC_TRIM_THRESHOLD_" not in started
    assert started["LANG"] == "C.UTF-8"


def test_a_task_that_arrives_once_its_run_has_ended_gets_no_agent(task, monkeypatch):
    """It was on its way when the run was interrupted: an agent started for it would go on for ever."""

    def start(*arguments, **more):
        raise AssertionError("an agent was started")

    monkeypatch.setattr(agents, "Agent", start)
    agents.end_agents("a run")
    with pytest.raises(Stopped):
        agents.run_with_agent(task, "a run")


def test_a_folder_that_is_not_there_is_named(task, tmp_path):
    with pytest.raises(BackendError, match="cannot write to .*elsewhere"):
        begin_attempt(tmp_path / "elsewhere")


def test_other_code_and_other_versions_are_refused(task):
    check_same_code(task)
    with pytest.raises(BackendError, match="the code of pixels"):
        check_same_code(replace(task, code="0"))
    with pytest.raises(BackendError, match="numpy .* here, 1.0 there"):
        check_same_code(replace(task, packages={**task.packages, "numpy": "1.0"}))
    finished = run_task(replace(task, code="0"), set())
    assert finished.outcome.status == "error"
    assert "install the same checkout" in finished.outcome.reason


def test_a_full_disk_is_told_in_the_row_and_ends_no_worker(task, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "/store/rows.npz")

    monkeypatch.setattr(host, "execute", full)
    outcome = run_task(task, set()).outcome
    assert (outcome.status, outcome.reason[:39]) == ("error", "/store/rows.npz: No space left on devic")


def on_gpu(task):
    return replace(task, job=replace(task.job, cell=replace(task.job.cell, device="gpu")))


def timed(task):
    return replace(task, timed=True)


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        (lambda task: task, lambda task: task, False),
        (timed, lambda task: task, True),
        (lambda task: task, timed, True),
        (timed, timed, True),
        (on_gpu, lambda task: task, False),
        (on_gpu, on_gpu, True),
    ],
)
def test_tokens_keep_apart_what_must_not_run_together(task, first, second, waits):
    through = threading.Event()

    def hold_second():
        with tokens_of(second(task)):
            through.set()

    with tokens_of(first(task)):
        thread = threading.Thread(target=hold_second)
        thread.start()
        assert through.wait(0.5) is not waits
    thread.join(10)
    assert through.is_set()


def test_two_gpus_are_two_tokens(task, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with tokens_of(on_gpu(task)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        with tokens_of(on_gpu(task)):
            pass
