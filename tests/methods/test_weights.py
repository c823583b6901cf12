"""The weights table, finding and verifying files, and reading layer weights without trusting the file."""

import dataclasses
import hashlib
import os
from importlib.metadata import distribution
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets.errors import UnknownNameError, WeightsError
from methods import weights as module
from methods.weights import WEIGHTS, find_weights, keras_cache, load_layer_weights, require_weights

REAL = os.environ.get("RIS_WEIGHTS")
needs_real = pytest.mark.skipif(not REAL, reason="RIS_WEIGHTS is not set")
KERAS_SOURCES = {
    "vgg16": "vgg16",
    "vgg16-notop": "vgg16",
    "resnet50": "resnet",
    "resnet101": "resnet",
    "inceptionv3": "inception_v3",
    "inceptionresnetv2": "inception_resnet_v2",
    "efficientnetv2l": "efficientnet_v2",
}


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch):
    """Keras' own cache of this machine plays no part."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "models").mkdir(parents=True)
    return tmp_path / "keras" / "models"


@pytest.fixture
def published(monkeypatch):
    """A weights file whose real content is b"weights"."""
    entry = dataclasses.replace(
        WEIGHTS["resnet50"], name="net", file="net.h5", md5=hashlib.md5(b"weights").hexdigest(), copies={}
    )
    monkeypatch.setattr(module, "WEIGHTS", {**WEIGHTS, "net": entry})
    return entry


# The table


@pytest.mark.parametrize("name", KERAS_SOURCES)
def test_addresses_and_hashes_are_those_of_the_installed_keras(name):
    source = distribution("keras").locate_file(f"keras/src/applications/{KERAS_SOURCES[name]}.py")
    text = Path(source).read_text(encoding="utf-8").replace('"\n    "', "").replace('"\n                "', "")
    assert WEIGHTS[name].md5 in text
    assert WEIGHTS[name].url.rpartition("/")[0].removeprefix("https://") in text


def test_the_table_is_whole():
    for name, weights in WEIGHTS.items():
        assert weights.name == name
        assert weights.licence
        assert weights.network
        assert weights.url or weights.note
        named = (
            weights.file,
            "vision_model.onnx",
            "text_model.onnx",
            "tokenizer.json",
            "model.onnx",
        )  # what everybody calls an exported network
        assert weights.url is None or (weights.url.startswith("https://") and weights.url.endswith(named))
        assert weights.sha256 is None or len(weights.sha256) == 64
        assert weights.md5 is None or len(weights.md5) == 32
    files = [weights.file for weights in WEIGHTS.values()]
    assert len(set(files)) == len(files)


def test_every_name_in_the_catalogue_is_in_the_table():
    from methods.catalogue import CATALOGUE

    assert {name for spec in CATALOGUE for name in spec.weights} <= set(WEIGHTS)


# Finding


def test_an_absent_file_is_none_and_required_says_what_to_do(tmp_path):
    assert find_weights("resnet50", tmp_path) is None
    assert find_weights("resnet50", None) is None
    with pytest.raises(WeightsError, match="fetch resnet50"):
        require_weights("resnet50", tmp_path)


def test_an_unknown_name_gets_a_hint(tmp_path):
    with pytest.raises(UnknownNameError, match="resnet50"):
        find_weights("resnet5", tmp_path)


def test_a_good_file_is_found_with_its_origin(tmp_path, published):
    (tmp_path / "net.h5").write_bytes(b"weights")
    found = require_weights("net", tmp_path)
    assert found.path == tmp_path / "net.h5"
    assert found.origin == published.url
    assert found.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_the_weights_folder_comes_before_keras_cache(tmp_path, published, keras_home):
    (keras_home / "net.h5").write_bytes(b"weights")
    assert find_weights("net", tmp_path).path == keras_home / "net.h5"
    assert find_weights("net", None).path == keras_home / "net.h5"
    (tmp_path / "net.h5").write_bytes(b"weights")
    assert find_weights("net", tmp_path).path == tmp_path / "net.h5"


def test_keras_cache_without_a_setting_is_in_the_home_folder(monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    assert keras_cache() == Path.home() / ".keras" / "models"


def test_a_wrong_file_is_an_error_also_after_a_good_one(tmp_path, published):
    path = tmp_path / "net.h5"
    path.write_bytes(b"weights")
    assert find_weights("net", tmp_path)
    path.write_bytes(b"tampered with")
    with pytest.raises(WeightsError) as error:
        find_weights("net", tmp_path)
    for part in (str(path), hashlib.md5(b"tampered with").hexdigest(), published.md5, "fetch net"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_known_copy_is_accepted_under_its_own_origin(tmp_path, published, monkeypatch):
    copy = dataclasses.replace(published, copies={hashlib.sha256(b"same, in half").hexdigest(): "a half copy"})
    monkeypatch.setattr(module, "WEIGHTS", {"net": copy})
    (tmp_path / "net.h5").write_bytes(b"same, in half")
    assert find_weights("net", tmp_path).origin == "a half copy"


def test_a_file_without_a_published_checksum_says_so(tmp_path, published, monkeypatch):
    monkeypatch.setattr(module, "WEIGHTS", {"net": dataclasses.replace(published, md5=None)})
    (tmp_path / "net.h5").write_bytes(b"anything")
    assert "unverified" in find_weights("net", tmp_path).origin


def test_mtcnn_brings_its_own():
    found = find_weights("mtcnn", None)
    assert found.path.is_dir()
    assert "mtcnn package" in found.origin
    assert found == find_weights("mtcnn", None)


@needs_real
@pytest.mark.parametrize("name", ["facenet-512-half", "mobilenetv2"])
def test_the_real_files_are_found_and_verified(name):
    found = find_weights(name, Path(REAL))
    assert found.sha256 in (WEIGHTS[name].sha256, *WEIGHTS[name].copies)
    assert "unverified" not in found.origin


# Reading layer weights


class Variable:
    """What the reader uses of a keras.Variable."""

    def __init__(self, shape):
        self.shape = shape
        self.value = np.zeros(shape, np.float32)

    def assign(self, value):
        assert value.shape == self.shape
        assert value.dtype == np.float32
        self.value = value


class Layer:
    """What the reader uses of a keras.Layer."""

    def __init__(self, name, trainable=(), frozen=()):
        self.name = name
        self.trainable_weights = [Variable(shape) for shape in trainable]
        self.non_trainable_weights = [Variable(shape) for shape in frozen]
        self.weights = self.trainable_weights + self.non_trainable_weights


class Model:
    def __init__(self, *layers):
        self.layers = list(layers)


KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


def network():
    return Model(Layer("input"), Layer("dense", [(2, 3), (3,)]), Layer("norm", [(3,)], [(3,)]))


FILE = {
    "input": {},
    "dense": {"dense/kernel:0": KERNEL, "dense/bias:0": np.ones(3, np.float32)},
    "norm": {"norm/beta:0": np.full(3, 2, np.float32), "norm/moving_mean:0": np.full(3, 3, np.float32)},
}


def write(path, layers=FILE, root="/"):
    with h5py.File(path, "w") as file:
        group = file.require_group(root)
        group.attrs["layer_names"] = [name.encode() for name in layers]
        for layer, tensors in layers.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [name.encode() for name in tensors]
            for name, tensor in tensors.items():
                inner[name] = tensor
    return path


def with_dense(**tensors):
    return FILE | {"dense": {f"dense/{name}:0": tensor for name, tensor in tensors.items()}}


@pytest.mark.parametrize("root", ["/", "model_weights"])
def test_loads_by_name(tmp_path, root):
    model = network()
    load_layer_weights(model, write(tmp_path / "w.h5", root=root))
    dense, norm = model.layers[1:]
    np.testing.assert_array_equal(dense.weights[0].value, KERNEL)
    np.testing.assert_array_equal(norm.weights[1].value, [3, 3, 3])


def test_half_precision_is_widened(tmp_path):
    model = network()
    halved = with_dense(kernel=KERNEL.astype(np.float16), bias=np.ones(3, np.float16))
    load_layer_weights(model, write(tmp_path / "w.h5", halved))
    np.testing.assert_array_equal(model.layers[1].weights[0].value, KERNEL)


def test_long_name_lists_come_in_pieces(tmp_path):
    path, model = write(tmp_path / "w.h5"), network()
    with h5py.File(path, "r+") as file:
        names = list(file.attrs["layer_names"])
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:2], names[2:]
    load_layer_weights(model, path)
    np.testing.assert_array_equal(model.layers[2].weights[0].value, [2, 2, 2])


def test_loads_by_order_where_names_are_automatic(tmp_path):
    renamed = {"input": {}, "dense_7": FILE["dense"], "norm_9": FILE["norm"]}
    path, model = write(tmp_path / "w.h5", renamed), network()
    with pytest.raises(WeightsError, match="no layer 'dense'"):
        load_layer_weights(model, path)
    load_layer_weights(model, path, match="order")
    np.testing.assert_array_equal(model.layers[1].weights[0].value, KERNEL)


def test_extra_layers_only_where_allowed(tmp_path):
    path = write(tmp_path / "w.h5", FILE | {"predictions": {"predictions/kernel:0": KERNEL}})
    with pytest.raises(WeightsError, match="'predictions'"):
        load_layer_weights(network(), path)
    with pytest.raises(WeightsError, match="3 layers with weights, the network 2"):
        load_layer_weights(network(), path, match="order")
    load_layer_weights(network(), path, allow_extra=True)


BAD = {
    "shape": (with_dense(kernel=KERNEL.T, bias=np.ones(3, np.float32)), r"'dense' has shapes \[\(3, 2\), \(3,\)\]"),
    "a tensor too few": (with_dense(kernel=KERNEL), "'dense' has shapes"),
    "integers": (with_dense(kernel=KERNEL.astype(np.int32), bias=np.ones(3, np.float32)), "no plain floating-point"),
    "text": (with_dense(kernel=np.array([b"x", b"y"]), bias=np.ones(3, np.float32)), "no plain floating-point"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_does_not_fit_is_named_and_changes_nothing(tmp_path, kind):
    layers, message = BAD[kind]
    model = network()
    with pytest.raises(WeightsError, match=message):
        load_layer_weights(model, write(tmp_path / "w.h5", layers))
    assert not any(variable.value.any() for layer in model.layers for variable in layer.weights)


def test_a_huge_tensor_is_refused_before_it_is_read(tmp_path):
    path = write(tmp_path / "w.h5", with_dense(bias=np.ones(3, np.float32)))
    with h5py.File(path, "r+") as file:
        file["dense"].attrs["weight_names"] = [b"huge", b"dense/bias:0"]
        file["dense"].create_dataset("huge", shape=(10**7, 10**7), dtype="f4", chunks=(10, 10))
    with pytest.raises(WeightsError, match="'dense' has shapes"):
        load_layer_weights(network(), path)


@pytest.mark.parametrize("link", [h5py.SoftLink("/norm/norm/beta:0"), h5py.ExternalLink("other.h5", "/secret")])
@pytest.mark.parametrize("place", ["dense/dense/kernel:0", "dense/dense", "dense"])
def test_links_are_refused(tmp_path, link, place):
    path = write(tmp_path / "w.h5")
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = KERNEL
    with h5py.File(path, "r+") as file:
        del file[place]
        file[place] = link
    with pytest.raises(WeightsError, match="link to elsewhere"):
        load_layer_weights(network(), path)


def test_tensors_kept_in_other_files_are_refused(tmp_path):
    (tmp_path / "secret.raw").write_bytes(KERNEL.tobytes())
    path = write(tmp_path / "w.h5")
    with h5py.File(path, "r+") as file:
        del file["dense/dense/kernel:0"]
        outside = [(str(tmp_path / "secret.raw"), 0, KERNEL.nbytes)]
        file["dense"].create_dataset("dense/kernel:0", (2, 3), "f4", external=outside)
    with pytest.raises(WeightsError, match="no plain floating-point"):
        load_layer_weights(network(), path)


def test_what_is_no_weights_file(tmp_path):
    (tmp_path / "page.h5").write_text("<html>not found</html>")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = KERNEL
    for path in (tmp_path / "page.h5", tmp_path / "other.h5", tmp_path / "absent.h5"):
        with pytest.raises(WeightsError, match=r"is no Keras \.h5 file"):
            load_layer_weights(network(), path)


@pytest.mark.parametrize("names", [5, 1.5, h5py.Empty("f4"), np.array([[b"a", b"b"]]), [1.5]])
@pytest.mark.parametrize("attribute", ["layer_names", "weight_names"])
def test_names_that_are_no_list_of_names_are_refused(tmp_path, attribute, names):
    path = write(tmp_path / "w.h5")
    with h5py.File(path, "r+") as file:
        (file if attribute == "layer_names" else file["dense"]).attrs[attribute] = names
    with pytest.raises(WeightsError, match="fetch"):
        load_layer_weights(network(), path)


@needs_real
def test_agrees_with_keras_own_loader_on_a_real_network():
    import keras

    path = find_weights("mobilenetv2", Path(REAL)).path
    build = lambda: keras.applications.MobileNetV2((96, 96, 3), include_top=False, weights=None)  # noqa: E731
    ours, by_order, theirs = build(), build(), build()
    load_layer_weights(ours, path)
    load_layer_weights(by_order, path, match="order")
    theirs.load_weights(path)
    for mine, ordered, reference in zip(ours.weights, by_order.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(reference))
        np.testing.assert_array_equal(np.asarray(ordered), np.asarray(reference))
