"""A cell over several processes: the command, on this machine and on Dask, and a worker that dies in the middle."""

import json
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from bench_support import PLUGIN, Bench
from dask_workers import cluster
from test_cli import cli, one_line_error
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.store import Store
from benchmarks.execution.backends.dask import DaskBackend
from benchmarks.execution.runner import Limits
from benchmarks.experiments.sharding import session
from benchmarks.experiments.sharding.measure import agreement
from benchmarks.experiments.sharding.session import Session
from methods.registry import load_registry

SLOW = Path(__file__).parents[3] / "plugins" / "slow.py"
EQUAL = "ids equal, scores equal bit for bit, ties equal"


merged = session.merged
"""As it is; shards and one process are merged by it alike."""


def wrong(ranking):
    """Of two calls the first answers with the ids of each query the other way round."""
    wrong.calls = getattr(wrong, "calls", 0) + 1
    return replace(ranking, ids=ranking.ids[:, ::-1].copy()) if wrong.calls == 1 else ranking


def shard(out, folder, method, *options):
    where = ("-d", f"folder:{folder}:smoke", "--shards", "3", "--block", "3", "--threads", "1", "--out", out)
    return cli("shard", method, *where, "--plugin", PLUGIN, *options)


@pytest.mark.parametrize("method", ["pixels", "phash"])
def test_processes_of_this_machine(photo_folder, tmp_path, method):
    done = shard(tmp_path, photo_folder, method)
    assert done.returncode == 0, done.stdout + done.stderr
    assert EQUAL in done.stdout
    assert "3 shards on local" in done.stdout
    again = shard(tmp_path, photo_folder, method)
    assert "as stored" in again.stdout and "0 processes run" in again.stdout
    assert EQUAL in again.stdout
    other = shard(tmp_path, photo_folder, method, "--shards", "2")
    assert "2 shards on local" in other.stdout and "(0 blocks encoded now)" in other.stdout
    table = (tmp_path / "sharding.md").read_text()
    assert table.count(f"| {method} | folder:") == 2 and table.count("| equal |") == 2
    forced = shard(tmp_path, photo_folder, method, "--force")
    assert EQUAL in forced.stdout and "(0 blocks encoded now)" not in forced.stdout


def in_array(data, name):
    """A number of array `name`, in the file as it is written, is another."""
    place = data.index(b"NUMPY", data.index(name)) + 130
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "damaged",
    [lambda data: data[:-40], lambda data: in_array(data, b"rows.npy"), lambda data: in_array(data, b"total.npy")],
    ids=["cut", "rows", "their sum"],
)
def test_a_block_that_is_damaged_is_made_again(photo_folder, tmp_path, damaged):
    """Found when it is searched, it would end every run of the same command."""
    assert shard(tmp_path, photo_folder, "pixels").returncode == 0
    block = sorted((tmp_path / "cache" / "shards").rglob("gallery-*.npz"))[0]
    block.write_bytes(damaged(block.read_bytes()))
    again = shard(tmp_path, photo_folder, "pixels", "--shards", "2")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "(1 block encoded now)" in again.stdout
    assert f"{block.name} (" in again.stderr and "its rows are made again" in again.stderr
    assert EQUAL in again.stdout


def test_a_block_in_the_place_of_another_is_made_again(photo_folder, tmp_path):
    """It is whole, so that no checksum of its own tells."""
    assert shard(tmp_path, photo_folder, "pixels").returncode == 0
    first, second, *_ = sorted((tmp_path / "cache" / "shards").rglob("gallery-*.npz"))
    first.write_bytes(second.read_bytes())
    again = shard(tmp_path, photo_folder, "pixels", "--shards", "2")
    assert "(1 block encoded now)" in again.stdout and f"{first.name} (" in again.stderr
    assert EQUAL in again.stdout


def test_a_dry_run_says_what_would_be_measured(photo_folder, tmp_path):
    done = shard(tmp_path, photo_folder, "pixels", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "to be measured (never measured)" in done.stdout
    assert "0 processes run, 0 unavailable, 0 failed, 1 to be measured" in done.stdout
    assert not (tmp_path / "sharding.md").exists()


def test_an_answer_that_was_not_compared_is_compared_when_that_is_asked_for(photo_folder, tmp_path):
    alone = shard(tmp_path, photo_folder, "pixels", "--no-check")
    assert alone.returncode == 0 and EQUAL not in alone.stdout
    assert "| not compared |" in (tmp_path / "sharding.md").read_text()
    assert EQUAL in shard(tmp_path, photo_folder, "pixels").stdout


def test_an_answer_that_differs_is_said_and_ends_with_1(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "merged", lambda found, asked: wrong(merged(found, asked)))
    where = ["-d", f"folder:{photo_folder}:smoke", "--shards", "3", "--block", "3", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["shard", "pixels", *where])
    assert done.exit_code == 1
    assert "NOT EQUAL" in done.output
    assert "| NOT EQUAL |" in (tmp_path / "sharding.md").read_text()


def test_workers_of_dask(photo_folder, tmp_path):
    done = shard(tmp_path, photo_folder, "pixels", "--backend", "dask", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 shards on dask" in done.stdout
    assert EQUAL in done.stdout
    assert not list((tmp_path / "cache" / "shards").glob("run-*"))


@pytest.mark.parametrize(
    ("method", "options", "reason"),
    [
        ("mean-colour", (), "mean-colour cannot be sharded: it is a whole method"),
        ("pixels", ("--shards", "99"), "99 shards of"),
        ("pixels", ("--backend", "dusk"), "unknown backend 'dusk': did you mean dask?"),
        ("pixels", ("--workers", "2"), "--workers is for --backend dask, not for local"),
        ("pixels", ("--backend", "slurm", "--slurm", "gpu"), "--slurm takes KEY=VALUE, not 'gpu'"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(photo_folder, tmp_path, method, options, reason):
    assert reason in one_line_error(shard(tmp_path, photo_folder, method, *options))


def test_a_worker_killed_while_it_extracts_loses_one_block_at_most(tmp_path, photo_folder):
    store = Store(tmp_path / "out")
    store.require_writable()
    bench = Bench(store, load_registry([PLUGIN, SLOW]), photo_folder)
    request = bench.request("slow-pixels", plugins=(PLUGIN, SLOW))
    (planned,) = bench.plan("slow-pixels", plugins=(PLUGIN, SLOW)).cells
    sharded = Session(planned, request, store, Limits(timeout=60), 2)

    with cluster(tmp_path, 3) as workers:

        def kill_the_first_to_begin():
            while not list((store.cache / "shards").glob("*/gallery-000000.npz")):
                time.sleep(0.01)
            word = next(path for path in (store.cache / "shards").glob("run-*/0/started.json"))
            workers.worker_of(json.loads(word.read_text())["pid"]).send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill_the_first_to_begin)
        killer.start()
        done = sharded.sharded(DaskBackend(workers.address), 2, 10, 2)
        killer.join()
        assert sum(worker.poll() is not None for worker in workers.workers) == 1
    assert done.encoded_blocks < len(sharded.gallery) + len(sharded.queries)  # the dead worker's were not done again
    assert agreement(sharded.whole(10).ranking, done.ranking).equal
