"""Keras' backends as encoders run them, beside each backend's own bare forward passes, in interleaved rounds.

    python tests/perf/backends.py --out FOLDER [--backends tensorflow torch jax] [--networks ...] [--batch 16]
        [--rounds 7] [--markdown docs/measurements/backends.md]

Each pair of backend and network has a process of its own. There every way of running the network is warmed up, checked
against the others and timed in turn, on the same batch of photographs, which are decoded before; so whatever slows the
machine slows all of them. Weights are random: they change no time. A figure is kept in FOLDER as JSON; `--markdown`
writes the page of all that lie there. A variant far slower than the fastest leaves after two rounds.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__)
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT), str(HERE.parent)]

from copies_beside_imagededup import measured_where  # noqa: E402
from paired import ratio_of_medians  # noqa: E402

from benchmarks.execution.worker import thread_environment  # noqa: E402
from benchmarks.system.devices import KERAS_BACKENDS, device_environment, set_threads  # noqa: E402
from benchmarks.system.files import write_json, write_text  # noqa: E402
from benchmarks.system.provenance import usable_cores  # noqa: E402
from datasets.registry import open_dataset  # noqa: E402
from methods.engines.registry import get_engine  # noqa: E402
from methods.networks.inference import predicted, ready  # noqa: E402
from methods.resizing import resized  # noqa: E402

NETWORKS = {"mobilenetv2": (224, 32), "resnet50": (224, 32), "facenet": (160, 64)}
"""Side of the input in pixels, and the batch that an encoder takes."""
APPLICATIONS = {"mobilenetv2": "MobileNetV2", "resnet50": "ResNet50"}
HARNESS, ENCODER, PLAIN = "harness", "encoder", "Keras' own predict_on_batch"
HARNESS_GRAPH = "harness, `--engine graph`"
OURS = (HARNESS, ENCODER, HARNESS_GRAPH)
TOLERANCE = 1e-3
FAR = 1.5
"""A variant that takes so many times as long as the fastest is out of the race."""

Call = Callable[[], np.ndarray]


def network_of(name: str) -> Any:
    """The Keras network as its encoder builds it, with random weights."""
    from methods.networks.inference import randomise

    if name == "facenet":
        from methods.networks.inception_resnet_v1 import inception_resnet_v1

        network = inception_resnet_v1(512)
    else:
        from methods.encoders.backbone import _vectors
        from methods.networks.backbones import TRUNKS

        network = _vectors(TRUNKS[name].build(TRUNKS[name].size), "avg")
    randomise(network, 0)
    network.trainable = False
    return network


def photographs(count: int) -> list[np.ndarray]:
    """Photographs of LFW, drawn portraits where it is not here."""
    lfw = open_dataset("lfw", Path(os.environ["RIS_DATA"]) if "RIS_DATA" in os.environ else None)
    return list(lfw.imageset(lfw.split("smoke").gallery[:count]))


def harness(name: str, images: list[np.ndarray]) -> tuple[dict[str, Call], np.ndarray]:
    """The encoder's whole work on decoded images, its forward pass alone, and what that is fed."""
    if name == "facenet":  # without its face detector: crops are the photographs, reduced
        from methods.encoders.facenet import fixed_scaling

        network = network_of(name)
        ready(network)

        def encode() -> np.ndarray:
            return predicted(network, fixed_scaling(np.stack([resized(image, (160, 160)) for image in images])))

        fed = fixed_scaling(np.stack([resized(image, (160, 160)) for image in images]))
        return {HARNESS: lambda: predicted(network, fed), ENCODER: encode}, fed
    from methods.encoders.backbone import Backbone

    encoder = Backbone(name, weights=None, batch_size=len(images))
    fed = encoder.network_input(images)
    return {HARNESS: lambda: encoder._forward(fed), ENCODER: lambda: encoder.encode(images)}, fed


def tensorflow_variants(name: str, fed: np.ndarray) -> dict[str, Call]:
    """A compiled function, with and without XLA, and the graph with frozen weights (the engine `graph`)."""
    import tensorflow as tf

    from methods.engines.frozen_graph import forward

    network = network_of(name)
    signature = [tf.TensorSpec((None, *fed.shape[1:]), tf.float32)]
    compiled = tf.function(lambda images: network(images, training=False), input_signature=signature)
    xla = tf.function(lambda images: network(images, training=False), jit_compile=True)
    frozen = forward(network)
    return {
        "tf.function": lambda: compiled(tf.constant(fed)).numpy(),
        "tf.function with XLA": lambda: xla(tf.constant(fed)).numpy(),
        "frozen graph (`--engine graph`)": lambda: frozen(fed),
    }


def jax_variants(name: str, fed: np.ndarray) -> dict[str, Call]:
    """`jax.jit`: weights passed or constant, channels first where Keras builds that, depthwise as shifted sums."""
    import jax

    from methods.networks.shifted_depthwise import shift_depthwise

    def compiled(of: Any, turned: bool = False) -> Call:
        weights = [[each.value for each in group] for group in (of.trainable_variables, of.non_trainable_variables)]
        run = jax.jit(lambda images: of.stateless_call(*weights, images, training=False)[0])
        images = np.ascontiguousarray(fed.transpose(0, 3, 1, 2)) if turned else fed
        return lambda: np.asarray(run(images))

    network = network_of(name)
    state = [[each.value for each in group] for group in (network.trainable_variables, network.non_trainable_variables)]
    passed = jax.jit(lambda weights, images: network.stateless_call(*weights, images, training=False)[0])
    variants = {"jit, weights passed": lambda: np.asarray(passed(state, fed)), "jit": compiled(network)}
    if turned := channels_first(name):
        variants["jit, channels first"] = compiled(turned, turned=True)
    if name == "mobilenetv2":
        shifted = network_of(name)
        shift_depthwise(shifted)
        variants["jit, depthwise as shifted sums"] = compiled(shifted)
    return variants


def torch_variants(name: str, fed: np.ndarray) -> dict[str, Call]:
    """Layer by layer in either order of memory, traced, compiled by torch.compile, and with folded convolutions."""
    import torch
    from torch.fx.experimental.proxy_tensor import make_fx

    from methods.networks.torch_graph import TRACED, captured

    images = torch.from_numpy(fed)

    def without_gradients(run: Callable[[Any], Any], batch: Any) -> Call:
        def call() -> np.ndarray:
            with torch.inference_mode():
                rows: np.ndarray = run(batch).numpy()
            return rows

        return call

    network, turned = network_of(name), channels_first(name)
    variants = {"inference_mode": without_gradients(lambda batch: network(batch, training=False), images)}
    with torch.no_grad():
        best, batch = turned or network, images.permute(0, 3, 1, 2) if turned else images
        graph = make_fx(torch.func.functionalize(lambda each: best(each, training=False)))(batch)
    if turned:
        for memory, layout in (("channels first", torch.contiguous_format), ("channels_last", torch.channels_last)):
            given = batch.contiguous(memory_format=layout)
            variants[f"inference_mode, {memory} memory"] = without_gradients(lambda b: turned(b, training=False), given)
    compiled = torch.compile(graph, options={"freezing": True}, dynamic=False)

    def run_compiled() -> np.ndarray:
        with torch.no_grad():
            rows: np.ndarray = compiled(batch).numpy()
        return rows

    variants["torch.compile with frozen weights"] = run_compiled
    folded = captured(network, fed[:TRACED])
    variants["one graph, folded into oneDNN's convolutions"] = without_gradients(folded, images)
    return variants


def channels_first(name: str) -> Any:
    """The same network of keras.applications built for channels first; None for others."""
    import keras

    from methods.networks.inference import randomise

    if name not in APPLICATIONS:
        return None
    keras.config.set_image_data_format("channels_first")
    try:
        network = getattr(keras.applications, APPLICATIONS[name])(
            include_top=False, weights=None, input_shape=(3, 224, 224), pooling="avg"
        )
    finally:
        keras.config.set_image_data_format("channels_last")
    randomise(network, 0)
    network.trainable = False
    return network


VARIANTS = {"tensorflow": tensorflow_variants, "torch": torch_variants, "jax": jax_variants}


def timed(calls: Mapping[str, Call], rounds: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of each call in every round, in turn, and of its first call; answers must agree."""
    first, answers = {}, {}
    for name, call in calls.items():
        start = time.perf_counter()
        answers[name] = call()
        first[name] = time.perf_counter() - start
    own = answers[HARNESS]
    for name, rows in answers.items():
        gap = float(np.abs(rows - own).max()) / max(1.0, float(np.abs(own).max()))
        if gap > TOLERANCE:
            raise SystemExit(f"{name} answers otherwise than the harness: off by {gap:.2g} of the largest number")
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        fastest = min((float(np.median(each)) for each in seconds.values() if each), default=np.inf)
        for name, call in calls.items():
            if number >= 2 and name not in OURS and np.median(seconds[name]) > FAR * fastest:
                continue
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds, first


def measured(backend: str, name: str, count: int, rounds: int) -> dict[str, Any]:
    """One network on this process's backend."""
    set_threads(usable_cores())
    images = photographs(min(count, NETWORKS[name][1]))
    calls, fed = harness(name, images)
    network = network_of(name)
    calls[PLAIN] = lambda: np.asarray(network.predict_on_batch(fed))
    calls |= VARIANTS[backend](name, fed)
    if backend == "jax":
        del calls[PLAIN]  # Keras compiles on JAX by default: "jit, weights passed"
    if backend == "tensorflow":
        swapped = network_of(name)
        swapped.predict_on_batch = get_engine("graph").compile(swapped)  # as `--engine graph` puts it in
        calls[HARNESS_GRAPH] = lambda: predicted(swapped, fed)
    seconds, first = timed(calls, rounds)
    versions = {each: version(each) for each in ("keras", backend)}
    facts = {"backend": backend, "network": name, "batch": len(images), "versions": versions, "where": measured_where()}
    return {**facts, "seconds": seconds, "first_s": first}


def rows_of(result: Mapping[str, Any]) -> list[str]:
    """Lines of the table: the best bare variant, and beside it the harness on each of its engines that was timed."""
    seconds, batch = result["seconds"], result["batch"]
    full = len(seconds[HARNESS])
    bare = {name: each for name, each in seconds.items() if name not in OURS and len(each) == full}
    best = min(bare, key=lambda name: float(np.median(bare[name])))
    lines = []
    for ours in (name for name in (HARNESS, HARNESS_GRAPH) if name in seconds):
        ratio, low, high = ratio_of_medians(seconds[ours], bare[best])
        encoder = f"{1e3 * float(np.median(seconds[ENCODER])) / batch:.1f}" if ours == HARNESS else ""
        cells = (
            result["backend"] + ours.removeprefix(HARNESS),
            result["network"],
            best,
            *(f"{1e3 * float(np.median(each)) / batch:.1f}" for each in (bare[best], seconds[ours])),
            encoder,
            f"{ratio:.2f} ({low:.2f} to {high:.2f})",
            f"{result['first_s'][ours]:.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def page(results: list[dict[str, Any]]) -> str:
    """docs/measurements/backends.md."""
    heads = ("backend", "network", "fastest bare forward pass", "its ms/image", "harness, ms/image")
    more = ("with resizing and scaling", "harness / bare (95%)", "first call, s")
    lines = [
        "| " + " | ".join((*heads, *more)) + " |",
        "|:--|:--|:--|" + "--:|" * 5,
        *(line for result in results for line in rows_of(result)),
    ]
    every = [
        "| backend | network | way of running it | ms/image | rounds | first call, s |",
        "|:--|:--|:--|--:|--:|--:|",
    ]
    for result in results:
        for name, each in sorted(result["seconds"].items(), key=lambda pair: float(np.median(pair[1]))):
            spread = f"{1e3 * np.median(each) / result['batch']:.1f} ({1e3 * min(each) / result['batch']:.1f} to "
            spread += f"{1e3 * max(each) / result['batch']:.1f})"
            cells = (
                result["backend"],
                result["network"],
                name,
                spread,
                str(len(each)),
                f"{result['first_s'][name]:.1f}",
            )
            every.append("| " + " | ".join(cells) + " |")
    versions = {f"{name} {number}" for result in results for name, number in result["versions"].items()}
    where = "\n".join(f"- {each}" for each in sorted({result["where"] for result in results}))
    sizes = " or ".join(sorted({str(result["batch"]) for result in results}))
    return PAGE.format(
        table="\n".join(lines), every="\n".join(every), versions=", ".join(sorted(versions)), where=where, sizes=sizes
    )


PAGE = """# Keras' backends beside their own bare forward passes

    python tests/perf/backends.py --out FOLDER --markdown docs/measurements/backends.md

writes this page. {sizes} images in a batch, photographs of LFW that were decoded before. "Harness" is the forward pass
as encoders call it (`methods/networks/inference.py`); the bare pass beside it is the fastest of the ways listed below
that give the same answers. Rounds are interleaved in one process. The machine was shared with other work, which took
part of its cores: ratios of medians (95% bootstrap over rounds) are to be read, milliseconds are not comparable between
backends or with other pages. {versions}.

{where}

{table}

On TensorFlow the harness runs `predict_on_batch`, the plain engine of every published row, with each normalisation as
TensorFlow's one operation for it (`methods/networks/fused_normalisation.py`); Keras' own way is listed below. The
frozen graph folds normalisations into convolutions, but takes longer to build: it is the engine that `--engine graph`
puts in ([engines.md](engines.md)). On JAX the harness compiles, for batches filled up to a power of two, with depthwise
convolutions as sums of shifted images. On PyTorch it runs one graph of PyTorch's operations with normalisations and
activations folded into the convolutions. On a GPU both run the network as Keras does.

## Every way that was timed

Medians with the fastest and the slowest round. A way that takes 1.5 times as long as the fastest is timed twice only.
TensorFlow has no convolutions with channels first on a CPU; FaceNet's network is built with channels last only.

{every}
"""


def main() -> None:
    """Measure what is asked for, each in a process of its own; write the page of all that was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backends", nargs="*", choices=KERAS_BACKENDS, default=list(KERAS_BACKENDS))
    parser.add_argument("--networks", nargs="*", choices=tuple(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--one", nargs=2, metavar=("BACKEND", "NETWORK"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.one:
        write_json(asked.out / f"{'-'.join(asked.one)}.json", measured(*asked.one, asked.batch, asked.rounds))
        return
    for backend in asked.backends:
        environment = {**os.environ, **device_environment("cpu", backend), **thread_environment(usable_cores())}
        for name in asked.networks:
            command = [sys.executable, str(HERE), "--out", str(asked.out), "--one", backend, name]
            command += ["--batch", str(asked.batch), "--rounds", str(asked.rounds)]
            print(f"{name} on {backend}", flush=True)
            subprocess.run(command, env=environment, check=True)
    paths = [asked.out / f"{backend}-{name}.json" for backend in KERAS_BACKENDS for name in NETWORKS]
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    print("\n".join(line for result in results for line in rows_of(result)))
    if asked.markdown:
        write_text(asked.markdown, page(results))


if __name__ == "__main__":
    main()
