"""TensorFlow.js graphs without TensorFlow: each operation beside TensorFlow's own, and files that are refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from real_images import lfw_image
from tfjs_files import by_tensorflow, node, placeholder, steps, word, write_graph

from datasets.errors import WeightsError
from methods.building import Surroundings, build_encoder
from methods.catalogue import CATALOGUE
from methods.installed import absent
from methods.weights import find_weights

openvino = pytest.importorskip("openvino", reason="the extra `fast` is not installed")

from methods.encoders.face_file import _network  # noqa: E402
from methods.networks.tfjs_graph import graph_model  # noqa: E402
from methods.networks.tfjs_operations import OPERATIONS  # noqa: E402

RNG = np.random.default_rng(0)
FACES = {spec.id: spec for spec in CATALOGUE if spec.id in ("faceres", "mobileface")}
INT32 = {"type": "DT_INT32"}


def numbers(*shape):
    return RNG.normal(size=shape).astype(np.float16).astype(np.float32)


def integers(*values):
    return np.array(values, np.int32)


def sliding(padding, stride=1, dilation=1, **more):
    settings = {"strides": steps(1, stride, stride, 1), "dilations": steps(1, dilation, dilation, 1)}
    return {**settings, "padding": word(padding), "data_format": word("NHWC"), **more}


def alone(op, constant, first=False, shape=(-1, 11, 8, 3), **attributes):
    """A graph of one operation on the images and a constant, which comes first where `first` says so."""
    inputs = ("constant", "data") if first else ("data", "constant")
    return [placeholder(*shape), node("end", op, inputs, **attributes)], {"constant": constant}


KEEP = {"keep_dims": {"b": True}, "Tidx": INT32}
FLAT = (-1, 6)
CASES = {
    "Conv2D, SAME, 3x3 by 2": alone("Conv2D", numbers(3, 3, 3, 5), **sliding("SAME", 2)),
    "Conv2D, SAME, 4x4 by 3": alone("Conv2D", numbers(4, 4, 3, 5), **sliding("SAME", 3)),
    "Conv2D, SAME, 3x3, dilated": alone("Conv2D", numbers(3, 3, 3, 5), **sliding("SAME", 1, 2)),
    "Conv2D, VALID, 3x2 by 2": alone("Conv2D", numbers(3, 2, 3, 4), **sliding("VALID", 2)),
    "Depthwise, SAME, by 2": alone("DepthwiseConv2dNative", numbers(3, 3, 3, 1), **sliding("SAME", 2)),
    "Depthwise, VALID, 2 of each": alone("DepthwiseConv2dNative", numbers(3, 3, 3, 2), **sliding("VALID")),
    "Add, channels": alone("Add", numbers(3)),
    "AddV2, one number": alone("AddV2", numbers()),
    "Sub, channels, first": alone("Sub", numbers(3), first=True),
    "Sub, rows": alone("Sub", numbers(11, 1, 1)),
    "Mul, columns and channels": alone("Mul", numbers(8, 3)),
    "Maximum, first": alone("Maximum", numbers(1), first=True),
    "Minimum, an image": alone("Minimum", numbers(1, 11, 8, 3)),
    "Mul, rows of numbers": alone("Mul", numbers(6), shape=FLAT),
    "Pad": alone("Pad", np.array([[0, 0], [1, 2], [3, 0], [0, 1]], np.int32), Tpaddings=INT32),
    "Pad, rows of numbers": alone("Pad", np.array([[0, 0], [1, 2]], np.int32), shape=FLAT, Tpaddings=INT32),
    "Mean over places": alone("Mean", integers(1, 2), Tidx=INT32),
    "Mean over rows": alone("Mean", integers(1), Tidx=INT32),
    "Mean over channels": alone("Mean", integers(-1), **KEEP),
    "Mean over places, kept": alone("Mean", integers(1, 2), **KEEP),
    "Reshape, flat": alone("Reshape", integers(-1, 264), Tshape=INT32),
    "Reshape to images": alone("Reshape", integers(-1, 1, 3, 2), shape=FLAT, Tshape=INT32),
    "MatMul": alone("MatMul", numbers(6, 4), shape=FLAT),
    "MatMul, turned": alone("MatMul", numbers(4, 6), shape=FLAT, transpose_b={"b": True}),
    "Relu": ([placeholder(-1, 11, 8, 3), node("end", "Relu", ["data"])], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_each_operation_gives_what_tensorflow_gives(case, tmp_path):
    pytest.importorskip("tensorflow", reason="the extra `keras` is not installed")
    nodes, constants = CASES[case]
    path = write_graph(tmp_path, nodes, constants)
    sides = [int(axis["size"]) for axis in nodes[0]["attr"]["shape"]["shape"]["dim"][1:]]
    fed = RNG.normal(size=(2, *sides)).astype(np.float32)
    expected = by_tensorflow(path, "end", fed)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    answer = openvino.Core().compile_model(graph_model(path, "end"), "CPU", settings)([fed])[0]
    assert answer.shape == expected.shape
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_every_operation_that_is_read_is_tried():
    assert {each["op"] for nodes, _ in CASES.values() for each in nodes} - {"Placeholder"} == OPERATIONS.keys()


@pytest.fixture
def small(tmp_path):
    """A convolution with a bias and the mean of each channel, half of it in half precision; and what is not needed."""
    constants = {
        "kernel": numbers(3, 3, 3, 4),
        "bias": numbers(4),
        "axes": integers(1, 2),
        "unused": numbers(2, 2),
    }
    nodes = [
        node("later", "Elu", ["mean"]),
        node("mean", "Mean", ["sum:0", "axes", "^unused"], Tidx=INT32),
        node("sum", "AddV2", ["conv", "bias"]),
        node("conv", "Conv2D", ["data", "kernel"], **sliding("SAME", 2)),
        placeholder(-1, 12, 12, 3),
    ]
    return write_graph(tmp_path, nodes, constants, half=("kernel",))


def test_what_an_output_needs_is_read_and_half_precision_widened(small):
    pytest.importorskip("tensorflow", reason="the extra `keras` is not installed")
    pixels = RNG.random((5, 12, 12, 3)).astype(np.float32)
    rows = _network(small, "mean", (12, 12))(pixels)
    np.testing.assert_allclose(rows, by_tensorflow(small, "mean", pixels), atol=1e-5)


def change(path, edit):
    described = json.loads(path.with_suffix(".json").read_text())
    edit({each["name"]: each for each in described["modelTopology"]["node"]}, described)
    path.with_suffix(".json").write_text(json.dumps(described))


def shape(nodes, described):
    described["weightsManifest"][0]["weights"][0]["shape"] = [9, 3, 4]


def circle(nodes, described):
    nodes["conv"]["input"][0] = "mean"


def computed(nodes, described):
    nodes["sum"]["input"] = ["conv", "conv"]
    nodes["conv"]["input"] = ["data", "data"]


def turned(nodes, described):
    nodes["conv"]["attr"]["data_format"] = word("NCHW")


def second(nodes, described):
    nodes["mean"]["input"][0] = "sum:1"


def text(nodes, described):
    described["modelTopology"]["node"] = ["conv"]


def many(nodes, described):
    nodes["bias"]["attr"]["value"]["tensor"]["tensorShape"]["dim"] = [{"size": "5"}]


def three(nodes, described):
    nodes["mean"]["input"].insert(0, "data")


def sizes(nodes, described):
    nodes["data"]["attr"]["shape"]["shape"]["dim"][3]["size"] = "2"


EDITS = [shape, circle, computed, turned, second, text, many, three, sizes]


@pytest.mark.parametrize("edit", EDITS)
def test_graphs_that_do_not_hold_together_are_refused_in_one_line(small, edit):
    change(small, edit)
    with pytest.raises(WeightsError, match=r"net\.(json|bin)") as error:
        _network(small, "mean", (12, 12))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("fault", ["short", "long", "node", "text", "no json", "no numbers"])
def test_files_that_do_not_fit_each_other_are_refused_in_one_line(small, fault):
    described, content = small.with_suffix(".json"), small.read_bytes()
    if fault in ("short", "long"):
        small.write_bytes(content[:-4] if fault == "short" else content + b"0000")
    elif fault == "text":
        described.write_text("{")
    elif fault == "no json":
        described.unlink()
    elif fault == "no numbers":
        small.unlink()
    with pytest.raises(WeightsError, match="fetch") as error:
        graph_model(small, "nowhere" if fault == "node" else "mean")
    assert "\n" not in str(error.value)


def test_an_operation_that_cannot_be_read_is_named(small):
    with pytest.raises(WeightsError, match=r"net\.bin: 'later' is the operation Elu, and only Add, .*Sub can be read"):
        graph_model(small, "later")


@pytest.mark.parametrize("id", FACES)
def test_public_networks_give_on_faces_what_tensorflow_gives(id, data_dir, weights_dir):
    pytest.importorskip("tensorflow", reason="the extra `keras` is not installed")
    found = find_weights(id, weights_dir)
    if found is None:
        pytest.skip(f"weights {id} are not here: `fetch {id}` says how to get them")
    encoder = build_encoder(FACES[id], Surroundings(weights=found.path))
    names = ("Albert_Costa", "Angela_Bassett", "Arminio_Fraga", "Billy_Crystal", "Bob_Graham", "Boris_Becker")
    images = [lfw_image(data_dir, name, number) for name in names for number in (1, 2)]
    crops = [encoder._crop(image, faces) for image, faces in zip(images, encoder.detect(images), strict=True)]
    fed = encoder.input([crop for crop in crops if crop is not None])
    ours, theirs = encoder._network(fed), by_tensorflow(found.path, FACES[id].encoder.params["output"], fed)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    assert len(fed) >= 10 and ((ours * theirs).sum(axis=1) / lengths).min() >= 0.99999
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


ENCODED = """
import sys
from pathlib import Path
import numpy
from methods.conformance_images import structured_images
from methods.encoders.face_file import FaceFile
encoder = FaceFile(Path(sys.argv[1]), side=12, output="mean")
rows = encoder.encode([*structured_images()][:1])
assert rows.shape == (1, 4) and encoder._network(numpy.zeros((1, 12, 12, 3), numpy.float32)).shape == (1, 4)
assert "tensorflow" not in sys.modules
"""


def require(*packages):
    """Skip where one is not installed; none is imported, since mtcnn imports TensorFlow."""
    if missing := absent(packages):
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.mark.parametrize("backend", ["openvino", "jax", "torch"])
def test_faces_are_encoded_without_tensorflow(backend, small):
    require(backend, "keras", "mtcnn")
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run([sys.executable, "-c", ENCODED, str(small)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("id", FACES)
def test_a_cell_runs_where_tensorflow_cannot_be_imported(id, backend, data_dir, weights_dir, tmp_path):
    require(backend, "keras", "mtcnn")
    if find_weights(id, weights_dir) is None:
        pytest.skip(f"weights {id} are not here: `fetch {id}` says how to get them")
    package = tmp_path / "before" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not here')")
    command = [sys.executable, "-m", "benchmarks", "run", "-m", id, "-d", "lfw:smoke", "--task", "retrieval"]
    command += ["--keras-backend", backend, "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": f"{package.parent}:{Path(__file__).parents[2]}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (row,) = (tmp_path / "out").glob(f"cells/lfw/smoke/retrieval/{id}@cpu*/cell.json")
    assert json.loads(row.read_text())["status"] == "ok"
