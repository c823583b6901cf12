"""Networks in ONNX files: computed right, fed as they say, and refused in one line where they cannot be."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import onnx_files
import pytest
from onnx_files import FLOAT, INT64, UINT8, expected, model, node, small_network, value_info

from datasets.errors import BenchmarkError, UnknownNameError, WeightsError
from methods import onnx_check
from methods.building import build_method
from methods.conformance import check
from methods.conformance_images import structured_images
from methods.encoders.network_input import InputError, NetworkInput
from methods.fingerprint import method_files
from methods.networks import onnx_parts
from methods.networks.onnx_parts import external_files
from methods.onnx_check import require_sound
from methods.onnx_methods import onnx_method
from methods.registry import load_registry
from methods.resizing import resized
from methods.spec import MethodSpec, Part

pytest.importorskip("openvino", reason="the extra `fast` is not installed")

from methods.encoders.onnx_network import OnnxNetwork

IMAGES = [*structured_images()][:7]


@pytest.fixture
def file(tmp_path):
    def write(content, name="net.onnx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("shape", [("n", 3, 16, 20), (1, 3, 16, 20), ("n", 16, 20, 3), ("n", "h", "w", 3)])
@pytest.mark.parametrize("kind", [FLOAT, UINT8])
def test_rows_are_those_of_numpy_alone_and_in_batches(file, shape, kind):
    encoder = OnnxNetwork(model=file(small_network(shape, kind)), size=(16, 20), colour="BGR", batch_size=4)
    rows = encoder.encode(IMAGES)
    pixels = np.stack([resized(image, (16, 20))[..., ::-1] for image in IMAGES])
    assert np.allclose(rows, expected(pixels), rtol=1e-3, atol=0.05)
    assert np.allclose(np.concatenate([encoder.encode([image]) for image in IMAGES]), rows, atol=1e-3)
    assert rows.dtype == np.float32 and encoder.dimension == 5


def test_mean_std_and_colour_are_what_the_network_is_fed(file):
    path = file(small_network(("n", 3, 16, 16)))
    mean, std = (10, 20, 30), (2, 4, 8)
    rows = OnnxNetwork(model=path, mean=mean, std=std).encode(IMAGES)
    pixels = np.stack([resized(image, (16, 16)) for image in IMAGES])
    assert np.allclose(rows, expected((pixels - np.array(mean)) / np.array(std)), rtol=1e-3, atol=0.05)
    assert not np.allclose(rows, OnnxNetwork(model=path, mean=mean, std=std, colour="BGR").encode(IMAGES), atol=1)
    grey = OnnxNetwork(model=file(small_network(("n", 1, 16, 16)), "grey.onnx"), colour="grey")
    assert grey.network_input(IMAGES).shape == (len(IMAGES), 16, 16, 1)


def test_a_crop_keeps_proportions():
    image = np.zeros((40, 100, 3), np.uint8)
    image[:, 30:70] = 255
    assert NetworkInput((8, 8), fit="crop")([image]).min() == 255
    assert NetworkInput((8, 8))([image]).min() == 0


@pytest.mark.parametrize("order", ["NCHW", "NHWC"])
@pytest.mark.parametrize("pool", ["mean", "first"])
def test_maps_and_sequences_are_pooled(file, order, pool):
    shape = (1, 3, 4, 6) if order == "NCHW" else (1, 4, 6, 3)
    content = model([node("Identity", ["image"], ["out"])], [value_info("image", shape)], [value_info("out", shape)])
    rows = OnnxNetwork(model=file(content), pool=pool).encode(IMAGES)
    pixels = np.stack([resized(image, (4, 6)) for image in IMAGES]).astype(np.float32)
    assert np.allclose(rows, pixels.mean(axis=(1, 2)) if pool == "mean" else pixels[:, 0, 0], atol=1e-3)


def two_outputs():
    outputs = [value_info("a", (1, 3, 4, 4)), value_info("b", (1, 3))]
    nodes = [
        node("Identity", ["image"], ["a"]),
        node("GlobalAveragePool", ["image"], ["p"]),
        node("Flatten", ["p"], ["b"], axis=1),
    ]
    return model(nodes, [value_info("image", (1, 3, 4, 4))], outputs)


def test_an_output_is_chosen_by_name_inside_the_network_too(file):
    path = file(two_outputs())
    pixels = np.stack([resized(image, (4, 4)) for image in IMAGES]).astype(np.float32)
    for name in ("b", "p"):
        assert np.allclose(OnnxNetwork(model=path, output=name).encode(IMAGES), pixels.mean(axis=(1, 2)), atol=1e-3)


def two_inputs():
    nodes = [node("Add", ["image", "other"], ["out"])]
    shape = (1, 3, 4, 4)
    return model(nodes, [value_info("image", shape), value_info("other", shape)], [value_info("out", shape)])


def identity(shape, kind=FLOAT):
    info = [value_info("image", shape, kind)]
    return model([node("Identity", ["image"], ["out"])], info, [value_info("out", shape, kind)])


REFUSED = {
    "several inputs": (two_inputs(), {}, r"2 inputs \(image, other\)"),
    "several outputs": (two_outputs(), {}, r"2 outputs \(a, b\): choose one with output=NAME"),
    "no such output": (two_outputs(), {"output": "c"}, "no tensor called 'c'; its outputs are a, b"),
    "open height and width": (small_network(("n", 3, "h", "w")), {}, "say size=224"),
    "another size": (small_network(("n", 3, 16, 16)), {"size": (32, 32)}, "16x16 pixels, not 32x32"),
    "no channels": (identity(("n", 5, 16, 16)), {}, "shape 5x16x16|shape .x5x16x16: no axis of 1 or 3 channels"),
    "open channels": (identity(("n", "c", 16, 16)), {"size": (16, 16)}, "no axis of 1 or 3 channels"),
    "two axes": (identity(("n", 48)), {}, "no axis of 1 or 3 channels"),
    "whole numbers": (identity((1, 3, 4, 4), INT64), {}, "fed i64 numbers"),
    "a map": (identity((1, 3, 4, 4)), {}, "16 places of 3 numbers: say pool=mean"),
    "another colour": (small_network(("n", 1, 16, 16)), {}, "1 channels, not RGB"),
    "bytes and a mean": (small_network(("n", 16, 16, 3), UINT8), {"mean": (1,)}, "leave mean and std out"),
    "fractions": (small_network(), {"std": (0.5,)}, "grey levels of 0 to 255; 0.5 of 1 is 127.5"),
    "two means": (small_network(), {"mean": (1, 2)}, "1 or 3 finite numbers"),
    "a batch that is fixed": (small_network((4, 3, 16, 16)), {}, None),
    "external data that is missing": (small_network(location="net.data"), {}, "keeps its numbers in net.data"),
    "external data elsewhere": (small_network(location="../net.data"), {}, "outside its own folder"),
    "empty": (b"", {}, "no ONNX file"),
    "text": (b"hello world, this is no network\n" * 9, {}, "no ONNX file"),
    "cut": (small_network()[:-40], {}, "no ONNX file"),
    "an unknown operation": (
        model([node("Nonsense", ["image"], ["out"])], [value_info("image", (1, 3, 4, 4))], [value_info("out", (1, 3))]),
        {},
        "OpenVINO cannot read this network",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_run_is_refused_in_one_line(file, case):
    content, settings, says = REFUSED[case]
    path = file(content)
    if says is None:  # one image at a time is all that is asked of it
        assert OnnxNetwork(model=path, **settings).encode(IMAGES).shape == (len(IMAGES), 5)
        return
    with pytest.raises((WeightsError, InputError), match=says) as error:
        OnnxNetwork(model=path, **settings)
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_tensors_in_a_file_beside_are_read_and_count(file):
    path = file(small_network(location="net.data"))
    file(onnx_files.weights().tobytes(), "net.data")
    assert external_files(path) == (path.parent / "net.data",)
    whole = OnnxNetwork(model=file(small_network(), "whole.onnx")).encode(IMAGES)
    assert np.array_equal(OnnxNetwork(model=path).encode(IMAGES), whole)
    spec = onnx_method(f"onnx:{path}")
    before = method_files(spec)
    file(onnx_files.weights(seed=1).tobytes(), "net.data")
    assert method_files(spec) != before


def test_an_id_is_a_method_that_conforms(file):
    path = file(small_network())
    spec = load_registry().get(f"onnx:{path},mean=127.5,std=64,metric=l2")
    assert spec.index.params == {"metric": "l2"}
    assert spec.input.scaling == "(x - 127.5) / 64"
    assert check(lambda: build_method(spec), spec) == []


def test_settings_stand_in_the_id_or_in_a_toml_beside_it_and_the_id_comes_first(file):
    path = file(small_network(("n", 3, "h", "w")), "a,b=c.onnx")
    (path.with_suffix(".toml")).write_text('size = 24\nmean = [1, 2, 3]\nstd = 2.0\ncolour = "BGR"\n')
    spec = onnx_method(f"onnx:{path},colour=RGB,size=16x20")
    assert spec.encoder.params == {
        "model": path,
        "size": (16, 20),
        "mean": (1.0, 2.0, 3.0),
        "std": (2.0,),
        "colour": "RGB",
    }
    assert require_sound(spec) == ("fed f32 NCHW, 16x20, 3 channels, RGB; gives 5 numbers; pixels: (x - 1/2/3) / 2")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (",size=big", "size is 'big'; write pixels, as 224"),
        (",size=0", "size is '0'"),
        (",mean=1/x/3", "mean is '1/x/3'; write grey levels"),
        (",metric=hamming", "metric is 'hamming'; write cosine or l2"),
        (",sise=224", "unknown setting 'sise': did you mean size"),
        (",output=", "output is ''"),
        (",sha256=abc", "sha256 is 'abc'; write 64 hexadecimal digits"),
        (",sha256=" + "0" * 64, "has sha256 [0-9a-f]{64}, not 0{64}: fetch it again"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(file, settings, says):
    path = file(small_network())
    with pytest.raises((WeightsError, UnknownNameError), match=says):
        load_registry().get(f"onnx:{path}{settings}")


def test_a_file_that_is_not_there_a_broken_toml_and_a_broken_network(file, tmp_path):
    with pytest.raises(WeightsError, match="there is no file"):
        load_registry().get(f"onnx:{tmp_path}/none.onnx")
    path = file(small_network())
    path.with_suffix(".toml").write_text("size = = 3")
    with pytest.raises(WeightsError, match=r"net\.toml cannot be read"):
        load_registry().get(f"onnx:{path}")
    path.with_suffix(".toml").unlink()
    with pytest.raises(WeightsError, match="2 inputs"):
        require_sound(onnx_method(f"onnx:{file(two_inputs())}"))


def test_an_id_from_outside_opens_no_file_and_a_stored_one_whose_file_is_gone_stays_unknown(file, tmp_path):
    registry = load_registry()
    path = file(small_network())
    with pytest.raises(UnknownNameError):
        registry.known(f"onnx:{path}")
    registry.recall([f"onnx:{tmp_path}/none.onnx", f"onnx:{path}"])
    assert registry.known(f"onnx:{path}").id == f"onnx:{path}"
    assert [spec.id for spec in registry if spec.id.startswith("onnx:")] == [f"onnx:{path}"]


def test_a_plug_in_whose_encoder_takes_a_model_is_no_such_method(tmp_path):
    np.save(tmp_path / "model.npy", np.ones(3))
    encoder = Part("my_method:Mean", {"model": str(tmp_path / "model.npy")})
    index = Part("methods.indexes.exact:ExactIndex", {"metric": "l2"})
    spec = MethodSpec(id="mine", family="pixels", summary="", source="", encoder=encoder, index=index)
    assert require_sound(spec) == ""


def test_a_file_that_has_the_sha256_that_was_asked_for_is_taken(file):
    path = file(small_network())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    spec = onnx_method(f"onnx:{path},sha256={digest.upper()}")
    assert spec.encoder.params == {"model": path}


def test_external_data_that_is_cut_short_is_refused_in_one_line(file):
    path = file(small_network(location="net.data"))
    file(onnx_files.weights().tobytes()[:-8], "net.data")
    with pytest.raises(WeightsError, match="OpenVINO cannot read this network") as error:
        OnnxNetwork(model=path)
    assert "\n" not in str(error.value)


def test_a_long_path_is_an_id_within_bounds(file):
    path = file(small_network(), "n" * 120 + ".onnx")
    assert load_registry().get(f"onnx:{path}")
    with pytest.raises(BenchmarkError, match="240 at most"):
        load_registry().get(f"onnx:{path},mean={'/'.join(['127.5'] * 40)}")


@pytest.mark.parametrize("name", ["net.onnx", "net.data"])
@pytest.mark.parametrize(("make", "says"), [("huge", "GiB, more than"), ("pipe", "not a regular file")])
def test_only_regular_files_of_a_bounded_size_are_read(file, name, make, says):
    path = file(small_network(location="net.data"))
    odd = path.with_name(name)
    odd.unlink(missing_ok=True)
    if make == "pipe":
        os.mkfifo(odd)
    else:
        with odd.open("wb") as sparse:
            sparse.truncate(1 << 40)
    with pytest.raises(WeightsError, match=says):
        external_files(path)


@pytest.mark.parametrize("content", [bytes(1 << 24), b"\x08\x01" * 5000], ids=["zeros", "numbers"])
def test_a_file_without_an_end_of_fields_is_given_up_early(file, content, monkeypatch):
    monkeypatch.setattr(onnx_parts, "_MOST_FIELDS", 1000)
    read = []
    varint = onnx_parts._varint
    monkeypatch.setattr(onnx_parts, "_varint", lambda *at: read.append(at[1]) or varint(*at))
    with pytest.raises(WeightsError, match="no ONNX file"):
        external_files(file(content))
    assert len(read) < 2100


@pytest.mark.parametrize("op", onnx_files.HUGE)
def test_a_network_that_asks_for_more_memory_than_there_is_is_refused_in_a_process_of_its_own(file, op):
    """Read and fitted it is harmless: it has to be run once to be known."""
    with pytest.raises(WeightsError, match="it asks for more memory than there is") as error:
        require_sound(onnx_method(f"onnx:{file(onnx_files.huge_network(op))}"))
    assert "\n" not in str(error.value)


def test_a_network_that_runs_on_and_on_is_given_up(file, monkeypatch):
    monkeypatch.setattr(onnx_check, "SECONDS", 15)
    with pytest.raises(WeightsError, match="on one image did not end within 15 s"):
        require_sound(onnx_method(f"onnx:{file(onnx_files.endless_network())}"))


def test_an_image_that_does_not_fit_into_memory_is_refused(file):
    shape = (1, 3, 2**20, 2**20)
    nodes = [node("GlobalAveragePool", ["image"], ["p"]), node("Flatten", ["p"], ["out"], axis=1)]
    path = file(model(nodes, [value_info("image", shape)], [value_info("out", (1, 3))]))
    with pytest.raises(WeightsError, match="takes more than 8 GiB of memory"):
        require_sound(onnx_method(f"onnx:{path}"))


def test_openvino_tells_nobody_that_it_is_used(tmp_path):
    """It would send word of each import, from a process that it forks, and count them in the home folder."""
    code = (
        "import sys, methods, openvino; print([name for name in sys.modules if name.startswith('openvino_telemetry.')])"
    )
    env = {name: value for name, value in os.environ.items() if name != "CI"}  # which would keep it silent as well
    done = subprocess.run(
        [sys.executable, "-c", code], env={**env, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
