"""Resume is keyed by content: a cell runs again exactly when something it depends on changed."""

import json
import os
from dataclasses import replace

import pytest

from benchmarks.core.plan import cell_inputs, make_plan
from benchmarks.core.store import Store, StoreError
from benchmarks.execution.runner import to_run
from benchmarks.protocol import timing_of
from datasets.errors import BenchmarkError, DataError, UnknownNameError
from methods.fingerprint import code_digest, describe_method
from methods.spec import Part


def test_a_second_run_has_nothing_to_do(bench):
    assert len(bench.run("mean-colour", "random")) == 2
    plan = bench.plan("mean-colour", "random")
    assert [planned.state for planned in plan.cells] == ["done", "done"]
    assert to_run(plan) == []
    assert len(to_run(plan, force=True)) == 2


def test_failed_cells_run_again_and_can_be_run_alone(bench):
    bench.run("mean-colour", "bad-raise")
    plan = bench.plan("mean-colour", "bad-raise", "random")
    assert [planned.cell.method for planned in to_run(plan)] == ["bad-raise", "random"]
    assert [planned.cell.method for planned in to_run(plan, only_failed=True)] == ["bad-raise"]


def test_a_change_of_threads_makes_a_cell_stale_and_says_so(bench):
    bench.run("mean-colour")
    (planned,) = bench.plan("mean-colour", threads=2).cells
    assert (planned.state, planned.why) == ("stale", "changed: threads")


def test_a_change_of_the_images_makes_a_cell_stale(bench, tmp_path, photo_folder):
    import shutil

    bench.folder = tmp_path / "photos"
    shutil.copytree(photo_folder, bench.folder)
    bench.run("mean-colour")
    shutil.copy(bench.folder / "label0" / "0.png", bench.folder / "label1" / "9.png")
    (planned,) = bench.plan("mean-colour").cells
    assert (planned.state, planned.why) == ("stale", "changed: manifest")


def test_settings_and_protocol_are_part_of_the_inputs(bench):
    (planned,) = bench.plan("mean-colour").cells
    spec = replace(planned.spec, method=Part("misbehaving:MeanColour", {"bins": 4}))
    changed = cell_inputs(planned.cell, spec, planned.inputs["manifest"], None, 1)
    assert changed["method"] != planned.inputs["method"]
    assert json.loads(json.dumps(planned.inputs)) == planned.inputs
    assert describe_method(planned.spec)["method"] == {"target": "misbehaving:MeanColour", "params": {}}


def test_a_network_without_its_weights_is_timed_on_the_smaller_budget(bench):
    (planned,) = bench.plan("mean-colour").cells
    lacking = replace(planned.spec, weights=("absent-weights",))
    whole, small = (cell_inputs(planned.cell, spec, "", None, 1)["timing"] for spec in (planned.spec, lacking))
    assert (whole, small) == (vars(timing_of("smoke", True)), vars(timing_of("smoke", False)))
    assert whole != small


def test_a_method_for_faces_is_left_out_where_there_are_none(bench):
    plan = bench.plan("phash", "mtcnn-facenet", datasets=(("cifar10", "smoke"), ("lfw", "smoke")))
    planned = {(each.cell.dataset, each.cell.method) for each in plan.cells}
    assert planned >= {("cifar10", "phash"), ("lfw", "phash")} and ("cifar10", "mtcnn-facenet") not in planned
    assert ("mtcnn-facenet", "cifar10:smoke", "made for images of faces") in plan.left_out
    with pytest.raises(
        BenchmarkError, match="nothing to run: mtcnn-facenet on cifar10:smoke: made for images of faces"
    ):
        bench.plan("mtcnn-facenet", datasets=(("cifar10", "smoke"),))


def test_an_engine_that_is_to_be_chosen_is_asked_for(bench):
    request = bench.request("mobilenetv2", engine="auto")
    with pytest.raises(ValueError, match="needs to be told"):
        make_plan(request, bench.registry, bench.store)
    (planned,) = make_plan(request, bench.registry, bench.store, settle=lambda *_: "openvino").cells
    assert planned.cell.method == "mobilenetv2@openvino"


def test_code_digest_follows_code_but_not_comments(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def digest_of(source):
        (tmp_path / "digested.py").write_text(source)
        return code_digest(("digested",))

    plain = digest_of("def f():\n    return 1\n")
    assert digest_of('"""Doc."""\n\n\ndef f():\n    """Why."""\n    return 1  # one\n') == plain
    assert digest_of("def f():\n    return 2\n") != plain


def test_unknown_names_are_refused_before_anything_runs(bench):
    with pytest.raises(UnknownNameError, match="did you mean phash"):
        bench.plan("phsh")
    with pytest.raises(UnknownNameError):
        bench.plan("random", datasets=(("lfv", "smoke"),))


def test_an_empty_folder_is_refused(bench, tmp_path):
    (tmp_path / "empty").mkdir()
    bench.folder = tmp_path / "empty"
    with pytest.raises(DataError):
        bench.plan("random")


def test_an_output_folder_that_cannot_be_written_is_refused(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError, match="--out"):
        Store(blocked).require_writable()


def test_face_methods_and_verification_are_left_out_with_a_reason(bench):
    plan = bench.plan("mean-colour", "random", tasks=("retrieval", "verification"))
    assert len(plan.cells) == 2
    assert any("verification" in reason for _, _, reason in plan.left_out)


def test_a_network_without_weights_is_timed_on_one_data_set_only(bench):
    twice = ((f"folder:{bench.folder}", "smoke"), (f"folder:{bench.folder}", "full"))
    plan = bench.plan("mean-colour", "vgg16-fc1", datasets=twice)
    assert [(planned.cell.method, planned.cell.subset) for planned in plan.cells] == [
        ("mean-colour", "smoke"),
        ("vgg16-fc1", "smoke"),
        ("mean-colour", "full"),
    ]
    assert "untrained: timed on folder:" in plan.left_out[0][2]


def test_leftovers_of_dead_runs_are_removed(bench):
    bench.run("mean-colour")
    cell = bench.plan("mean-colour").cells[0].cell
    here = bench.store.workdir(cell)
    dead = here.with_name(here.name.replace(f".{os.getpid()}@", ".999999999@"))
    elsewhere = here.with_name(".mean-colour@cpu.999999999@another-host.abc")
    dead.mkdir()
    elsewhere.mkdir()
    bench.store.remove_leftovers()
    assert not dead.exists()
    assert here.exists()  # its process lives
    assert elsewhere.exists()  # who knows
    assert bench.store.row(cell)["status"] == "ok"
