"""On a machine without what Keras computes with, commands say in one line what is missing and what to do."""

import importlib.util
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.conformance import check_method
from benchmarks.system.devices import KERAS_BACKENDS, lacking
from datasets.errors import BenchmarkError
from methods.registry import load_registry
from methods.spec import MethodSpec, Part
from methods.weights import Found

pytest.importorskip("keras", reason="the extra `keras` is not installed")

INSTALL = "needs tensorflow, which is not installed: pip install 'reverse-image-search-benchmark[keras]'"
SAID = f"{INSTALL}; or set KERAS_BACKEND=torch"


@pytest.fixture
def only(monkeypatch):
    """Hides all of Keras' backends but those named, which seem installed; nothing is imported."""
    found = importlib.util.find_spec

    def pretend(*here):
        kept = {name: found("keras") if name in here else None for name in KERAS_BACKENDS}
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: kept[name] if name in kept else found(name))

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    return pretend


def said(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_doctor_names_each_reason_once_with_all_that_it_holds_for(only, tmp_path):
    only("torch")
    lines = said("doctor", "--data", tmp_path, "--weights", tmp_path).output.splitlines()
    (line,) = [line for line in lines if "needs tensorflow" in line]
    assert SAID in line and {"cnn3", "mobilenetv2", "mtcnn-facenet", "faceres"} <= set(line.replace(",", "").split())


def test_doctor_knows_the_other_backends(only, monkeypatch, tmp_path):
    only("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    output = said("doctor", "--data", tmp_path, "--weights", tmp_path).output
    assert "needs" not in output and "torch " in output and "jax " in output


def test_doctor_shows_brackets_in_the_names_of_folders(monkeypatch, tmp_path):
    monkeypatch.setattr("methods.weights.find_weights", lambda name, folder: Found(Path("[red]x", name), "", ""))
    assert "[red]x/mobilenetv2" in said("doctor", "--data", tmp_path).output


def test_a_list_says_it_in_the_row(only, tmp_path):
    only("torch")
    (line,) = [each for each in said("list", "methods", "--weights", tmp_path).output.splitlines() if "faceres" in each]
    assert SAID in line


def test_a_plan_says_what_cannot_run_and_counts_no_time_for_it(only, tmp_path):
    only("torch")
    asked = ("run", "-m", "cnn3", "-m", "mobileface", "-d", "lfw:smoke", "--data", tmp_path, "--out", tmp_path)
    lines = said(*asked, "--task", "retrieval", "--dry-run").output.splitlines()
    assert f"cannot run: 2 methods (cnn3, mobileface) on lfw:smoke: {SAID}" in lines
    rows = [line for line in lines if line.startswith(("│ cnn3", "│ mobileface"))]
    assert len(rows) == 2 and all(line.endswith(" 1 s │") for line in rows), rows


def test_latency_names_what_it_leaves_out(only, tmp_path):
    only("torch")
    asked = ("latency", "-d", "lfw:smoke", "--data", tmp_path, "--out", tmp_path, "--dry-run", "-m", "mobilenetv2")
    assert str(said(*asked).exception) == f"nothing to time: mobilenetv2: {SAID}"
    assert f"left out: mobilenetv2: {SAID}" in said(*asked, "-m", "pixels").output.splitlines()


def test_a_check_says_it_instead_of_an_import_error(only):
    only("torch")
    with pytest.raises(BenchmarkError, match="mobileface cannot run here: needs tensorflow"):
        check_method(load_registry().get("mobileface"), None)


@pytest.mark.parametrize(
    ("here", "missing", "expected"),
    [
        ((), ["tensorflow"], INSTALL),
        (("jax",), ["tensorflow"], f"{INSTALL}; or set KERAS_BACKEND=jax"),
        (
            ("tensorflow",),
            ["torch"],
            "needs torch, which is not installed: pip install torch; or set KERAS_BACKEND=tensorflow",
        ),
        (("tensorflow",), [], ""),
    ],
)
def test_another_backend_is_offered_where_one_is_here(only, here, missing, expected):
    only(*here)
    assert lacking(load_registry().get("mobilenetv2"), missing) == expected


def test_no_other_backend_is_offered_to_a_method_of_tensorflow_alone(only):
    only("torch")
    spec = MethodSpec(
        id="own", family="embedding", summary="s", source="s", method=Part("os:getcwd"), requires=("tensorflow",)
    )
    assert lacking(spec, ["tensorflow"]) == INSTALL
