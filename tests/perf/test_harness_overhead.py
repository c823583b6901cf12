"""What the harness adds to the work of the methods: a run of plan, cells and tables, on the standard subsets."""

import time
from dataclasses import replace

import numpy as np
from paired import record
from timed_cells import run_timed_job

from benchmarks.core.plan import Request, make_plan
from benchmarks.core.store import Store
from benchmarks.execution.backends.local import LocalBackend
from benchmarks.execution.runner import Limits, import_ahead, make_task, run_cells, to_run
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.system.provenance import usable_cores
from methods.registry import load_registry

METHODS = ("random", "pixels", "phash", "sift-indexed", "mobilenetv2", "mtcnn-facenet")
DATASETS = ("lfw", "cifar10", "imdb-wiki")
TASKS = ("retrieval", "robustness")
OVERHEAD = 0.1


class Silent:
    def started(self, planned, pid):
        pass

    def finished(self, planned, row):
        pass


def test_the_harness_beside_the_work_of_its_methods(benchmark, data_dir, weights_dir, tmp_path, monkeypatch):
    def make_timed_task(*asked, **named):
        return replace(make_task(*asked, **named), entry=run_timed_job)

    monkeypatch.setattr("benchmarks.execution.runner.make_task", make_timed_task)
    registry, store = load_registry(), Store(tmp_path)
    store.require_writable()
    request = Request(
        methods=METHODS,
        datasets=tuple((name, "standard") for name in DATASETS),
        tasks=TASKS,
        data_dir=data_dir,
        weights_dir=weights_dir,
        threads=usable_cores(),
    )
    rows, walls = [], []

    def run():
        start = time.perf_counter()
        backend = LocalBackend()
        import_ahead(request, registry, store, backend)
        plan = make_plan(request, registry, store)
        rows.extend(run_cells(to_run(plan), request, store, Limits(), Silent(), backend))
        write_tables(store, registry, tmp_path)
        walls.append(time.perf_counter() - start)

    benchmark.pedantic(run, rounds=1)
    assert {row["status"] for row in rows} == {"ok"}
    work = sum(row["inside_s"] for row in rows)
    ratio = record(
        benchmark,
        f"a run of {len(rows)} cells, wall clock",
        np.array(walls) / len(rows),
        "limit: the work of its methods",
        np.array([work]) / len(rows),
        unit="cell",
        target=1 / (1 - OVERHEAD),
        at_most=True,
    )
    benchmark.extra_info["overhead"] = 1 - 1 / ratio
