"""Where a network computes: the CPU or a GPU, through TensorFlow, PyTorch or JAX."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.rows.cell import DeviceFacts
from datasets.errors import BenchmarkError, UnknownNameError, suggest
from methods.installed import absent, needs
from methods.spec import MethodSpec

DEVICES = ("auto", "cpu", "gpu")

KERAS_BACKENDS = ("tensorflow", "torch", "jax")
"""What Keras computes with; the first one unless asked."""

_COPIES = 20


@dataclass(frozen=True)
class Gpu:
    """The first GPU of this machine."""

    name: str
    driver: str
    memory_bytes: int


@cache
def find_gpu() -> Gpu | None:
    """What nvidia-smi says of the first GPU, or None where there is none."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
        name, driver, mebibytes = (field.strip() for field in done.stdout.splitlines()[0].split(","))
        return Gpu(name, driver, int(mebibytes) * 2**20)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def check_device(device: str, keras_backend: str) -> str:
    """`device` if it can be had ("auto" becomes what is here).

    Raises UnknownNameError for a name that is none, BenchmarkError for a GPU that is not here.
    """
    if device not in DEVICES:
        raise UnknownNameError(suggest("device", device, DEVICES))
    if keras_backend not in KERAS_BACKENDS:
        raise UnknownNameError(suggest("Keras backend", keras_backend, KERAS_BACKENDS))
    if device == "gpu" and find_gpu() is None:
        raise BenchmarkError("no GPU on this machine (nvidia-smi finds none): use --device cpu, or auto")
    return device if device != "auto" else "gpu" if find_gpu() else "cpu"


def device_of(spec: MethodSpec, device: str) -> str:
    """Where a method computes when `device` is asked for: only what Keras runs can use a GPU."""
    return device if "keras" in spec.requires else "cpu"


def asked_backend() -> str:
    """What Keras computes with where no option says it: the environment's KERAS_BACKEND, or the first."""
    return os.environ.get("KERAS_BACKEND", KERAS_BACKENDS[0])


def packages_of(spec: MethodSpec, keras_backend: str) -> tuple[str, ...]:
    """What a method imports when Keras computes with `keras_backend`."""
    if "keras" not in spec.requires or keras_backend == KERAS_BACKENDS[0]:
        return spec.requires
    return tuple(keras_backend if name == "tensorflow" else name for name in spec.requires)


def lacking(spec: MethodSpec, missing: Sequence[str]) -> str:
    """Why a method cannot run without these packages, and what to do; "" where it lacks none.

    As "needs tensorflow, which is not installed: pip install '…[keras]'; or set KERAS_BACKEND=torch".
    """
    here = [name for name in KERAS_BACKENDS if name not in missing and not absent([name])]
    swaps = "keras" in spec.requires and here and not {*missing}.isdisjoint(KERAS_BACKENDS)
    return f"{needs(missing)}; or set KERAS_BACKEND={here[0]}" if swaps else needs(missing)


def device_environment(device: str, keras_backend: str) -> dict[str, str]:
    """Environment of a process, set before it imports Keras."""
    backend = {"KERAS_BACKEND": keras_backend}
    if device == "gpu":  # memory as it is needed: by default two of the backends take nearly all of it at once
        return {**backend, "TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return {**backend, "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


def peak_device_bytes() -> int | None:
    """Most GPU memory that Keras' backend has held in this process, by its own count; None without a GPU."""
    if "keras" not in sys.modules or os.environ.get("CUDA_VISIBLE_DEVICES") == "-1":
        return None
    backend = sys.modules["keras"].backend.backend()
    if backend == "torch":
        import torch

        return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None
    if backend == "jax":
        import jax

        statistics = jax.devices()[0].memory_stats()
        return int(statistics["peak_bytes_in_use"]) if statistics else None
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"]) if gpus else None


def copy_seconds(shape: Sequence[int]) -> float:
    """Median seconds to copy a float32 array of `shape` to where Keras computes.

    It is waited for: reading one of its numbers back synchronises with every backend.
    """
    import keras

    host = np.ones(shape, dtype=np.float32)
    samples = []
    for _ in range(_COPIES):
        start = time.perf_counter()
        there = keras.ops.convert_to_tensor(host)
        keras.ops.convert_to_numpy(there[(0,) * len(shape)])
        samples.append(time.perf_counter() - start)
    return float(np.median(samples))


def has_engines(spec: MethodSpec, device: str, keras_backend: str) -> bool:
    """Whether it can run on another engine: a frozen network that Keras runs on the CPU, on TensorFlow."""
    frozen = spec.encoder is not None and "keras" in spec.requires
    return frozen and device == "cpu" and keras_backend == KERAS_BACKENDS[0]


def set_threads(threads: int) -> None:
    """Give every native library of this process the same number of threads."""
    import threadpoolctl

    threadpoolctl.threadpool_limits(threads)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    if "tensorflow" in sys.modules:
        threading = sys.modules["tensorflow"].config.threading
        with contextlib.suppress(RuntimeError):  # raised once TensorFlow has started: its environment holds then
            threading.set_intra_op_parallelism_threads(threads)
            threading.set_inter_op_parallelism_threads(threads)


def device_facts(spec: MethodSpec, device: str) -> DeviceFacts:
    """What the row of a method that Keras runs says about where it was computed, once it has been."""
    import keras

    facts: DeviceFacts = {"keras_backend": keras.backend.backend()}
    gpu = find_gpu() if device == "gpu" else None
    if gpu is None:
        return facts
    facts |= {"name": gpu.name, "driver": gpu.driver, "peak_bytes": peak_device_bytes()}
    if spec.input and spec.input.size:
        facts["copy_s"] = copy_seconds((1, *spec.input.size, 3))
    return facts
