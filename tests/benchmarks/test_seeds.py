"""Seeding a cell imports nothing: least of all TensorFlow where Keras computes with something else."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from benchmarks.execution import worker

SCRIPT = """
import os, sys
os.environ["KERAS_BACKEND"] = sys.argv[1]
import keras
from benchmarks.execution.worker import set_seeds
set_seeds()
drawn = float(keras.ops.sum(keras.random.normal((4,)))), float(keras.initializers.GlorotUniform()((2, 2))[0, 0])
print("tensorflow" in sys.modules, *drawn)
"""


def seeded(backend):
    done = subprocess.run([sys.executable, "-c", SCRIPT, backend], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_seeds_hold_on_every_backend_and_import_no_other(backend):
    pytest.importorskip(backend)
    imported, *first = seeded(backend)
    assert imported == str(backend == "tensorflow")
    assert seeded(backend) == [imported, *first]


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_own_seeding_which_imports_tensorflow_is_for_tensorflow_alone(backend, monkeypatch):
    seeded = []
    keras = SimpleNamespace(
        backend=SimpleNamespace(backend=lambda: backend),
        utils=SimpleNamespace(set_random_seed=lambda seed: seeded.append("keras")),
    )
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(manual_seed=lambda seed: seeded.append("torch")))
    worker.set_seeds()
    assert seeded == (["torch"] if backend == "torch" else [])
