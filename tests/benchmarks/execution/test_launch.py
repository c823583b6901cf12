"""What each cell would pay for again is paid by the template process, once."""

import pytest
from fresh_cell import looked_around

from benchmarks.core.store import Store
from benchmarks.execution.backends.local import LocalBackend
from benchmarks.execution.backends.planned import make_task, template_of
from benchmarks.execution.backends.slurm import SlurmBackend
from benchmarks.execution.launch import prepare, run_isolated
from benchmarks.execution.runner import Limits, import_ahead


@pytest.fixture
def found(bench, tmp_path):
    request, planned = bench.request("mean-colour"), bench.plan("mean-colour").cells[0]
    template = template_of([planned.spec], request, bench.store)
    prepare(template.packages, 1, tmp_path / "imports.log")
    workdir = bench.store.workdir(planned.cell)
    job = make_task(planned, request, bench.store, workdir, Limits(), template).job
    outcome = run_isolated(job, timeout=120, memory_limit=1 << 32, entry=looked_around)
    assert outcome.status == "ok", outcome.log_tail
    return outcome.result


def test_no_cell_imports_tasks_again(found):
    assert found["lacking"] == []


def test_garbage_of_a_cell_is_not_looked_for_among_what_the_template_imported(found):
    """Every look would take a quarter of a second with TensorFlow, and copy its memory."""
    assert found["tracked"] < found["kept"] / 10


def test_what_cells_need_is_imported_ahead_where_none_is_stored(bench, tmp_path, monkeypatch):
    opened, store, request = [], Store(tmp_path), bench.request("mean-colour")
    monkeypatch.setattr(LocalBackend, "open", lambda self, template: opened.append(template))
    store.require_writable()
    import_ahead(request, bench.registry, store, SlurmBackend(tmp_path, {}))
    assert opened == []
    import_ahead(request, bench.registry, store, LocalBackend())
    assert opened == [template_of([bench.registry.get("mean-colour")], request, store)]
    store.workdir(bench.plan("mean-colour").cells[0].cell)
    import_ahead(request, bench.registry, store, LocalBackend())
    assert len(opened) == 1
