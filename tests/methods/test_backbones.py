"""Every trunk is fed what it was trained on, gives the vectors the reports state, and reads its published weights."""

import dataclasses

import keras
import numpy as np
import pytest
from real_images import cifar_images, nearest_is_right
from trunks import replace_trunk, see_through

from datasets.errors import WeightsError
from methods.contracts import Encoder
from methods.encoders.backbone import Backbone, _vectors
from methods.encoders.pixels import Pixels
from methods.networks.backbones import TRUNKS
from methods.networks.inference import forward_pass, randomise
from methods.networks.input_scaling import bytes_as_they_are, caffe, symmetric
from methods.resizing import resized

RED, ORANGE = (255, 0, 0), (255, 128, 0)
CAFFE_RED = (0 - 103.939, 0 - 116.779, 255 - 123.68)

FED_FOR_RED = {
    "vgg16-fc1": ((224, 224), CAFFE_RED),
    "resnet50": ((224, 224), CAFFE_RED),
    "resnet101": ((224, 224), CAFFE_RED),
    "inceptionv3": ((299, 299), (1, -1, -1)),
    "inceptionresnetv2": ((299, 299), (1, -1, -1)),
    "efficientnetv2l": ((480, 480), (255, 0, 0)),
    "mobilenetv2": ((224, 224), (1, -1, -1)),
    "efficientnet-lite0": ((224, 224), (1, -127 / 128, -127 / 128)),
}
"""What arrives at each network's first layer for a pure red image."""


def solid(colour, size=(40, 60)):
    return np.full((*size, 3), colour, dtype=np.uint8)


def photos(count, size=(70, 90), seed=5):
    rng = np.random.default_rng(seed)
    return [np.kron(rng.integers(0, 256, (7, 9, 3)), np.ones((10, 10, 1))).astype(np.uint8) for _ in range(count)]


# What a network is fed


@pytest.mark.parametrize("name", TRUNKS)
def test_colour_order_scaling_and_size_reach_the_network(name, monkeypatch):
    size, fed = FED_FOR_RED[name]
    built_for = []
    replace_trunk(monkeypatch, name, lambda size: built_for.append(size) or see_through(size))
    rows = Backbone(name, weights=None).encode([solid(RED)])
    np.testing.assert_allclose(rows, [fed], atol=1e-4)
    assert built_for == [size] == [TRUNKS[name].size]


@pytest.mark.parametrize("name", TRUNKS)
@pytest.mark.parametrize(
    "wrong",
    [
        lambda pixels: pixels / np.float32(255),
        lambda pixels: symmetric(pixels[..., ::-1]),
        lambda pixels: caffe(pixels[..., ::-1]),
        lambda pixels: bytes_as_they_are(pixels[..., ::-1]),
    ],
    ids=["0 to 1", "BGR in -1 to 1", "RGB less the BGR mean", "BGR bytes"],
)
def test_a_wrong_scaling_or_colour_order_does_not_pass_for_the_right_one(name, wrong, monkeypatch):
    replace_trunk(monkeypatch, name, see_through)
    monkeypatch.setitem(TRUNKS, name, dataclasses.replace(TRUNKS[name], scaling=wrong))
    fed = Backbone(name, weights=None, size=(8, 8)).encode([solid(RED)])
    assert np.abs(fed - FED_FOR_RED[name][1]).max() > 0.3


@pytest.mark.parametrize(
    ("name", "application"),
    [
        ("vgg16-fc1", "vgg16"),
        ("resnet50", "resnet50"),
        ("resnet101", "resnet"),
        ("inceptionv3", "inception_v3"),
        ("inceptionresnetv2", "inception_resnet_v2"),
        ("efficientnetv2l", "efficientnet_v2"),
        ("mobilenetv2", "mobilenet_v2"),
    ],
)
def test_scaling_is_what_keras_does_for_the_same_network(name, application):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 3), dtype=np.uint8)
    expected = getattr(keras.applications, application).preprocess_input(pixels.astype(np.float32))
    scaled = TRUNKS[name].scaling(pixels)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, expected, atol=1e-4)


def test_every_trunk_is_fed_in_a_way_that_is_tested():
    assert FED_FOR_RED.keys() == TRUNKS.keys()


# Resizing


def test_shrinking_averages_instead_of_skipping_pixels():
    checkers = np.indices((96, 96)).sum(axis=0) % 2 * np.uint8(255)
    image = np.repeat(checkers[:, :, None].astype(np.uint8), 3, axis=2)
    assert np.abs(resized(image, (48, 48)).astype(int) - 127.5).max() < 1


def test_growing_interpolates_instead_of_repeating_pixels():
    ramp = np.repeat(np.array([[0, 240]], dtype=np.uint8)[:, :, None], 3, axis=2)
    row = resized(ramp, (1, 24))[0, :, 0].astype(int)
    assert len(set(row)) > 10
    assert (np.diff(row) >= 0).all()


def test_one_side_may_shrink_while_the_other_grows():
    stripes = np.tile(np.array([0, 255], dtype=np.uint8)[None, :, None], (4, 64, 3))
    assert stripes.shape == (4, 128, 3)
    narrow = resized(stripes, (32, 32))
    assert narrow.shape == (32, 32, 3)
    assert np.abs(narrow.astype(int) - 127.5).max() < 1


def test_a_fitting_image_passes_unchanged_and_one_pixel_fills_any_size():
    image = photos(1)[0]
    assert np.array_equal(resized(image, image.shape[:2]), image)
    assert np.array_equal(resized(solid(ORANGE, (1, 1)), (5, 6)), solid(ORANGE, (5, 6)))


# What comes out


@pytest.mark.parametrize(
    ("name", "size", "pooled", "flattened"),
    [
        ("vgg16-fc1", (224, 224), 4096, 4096),
        ("resnet50", (224, 224), 2048, 7 * 7 * 2048),
        ("resnet50", (64, 64), 2048, 8192),
        ("resnet101", (224, 224), 2048, 7 * 7 * 2048),
        ("inceptionv3", (299, 299), 2048, 8 * 8 * 2048),
        ("inceptionresnetv2", (250, 250), 1536, 55_296),
        ("efficientnetv2l", (250, 250), 1280, 81_920),
        ("mobilenetv2", (224, 224), 1280, 7 * 7 * 1280),
        ("efficientnet-lite0", (224, 224), 1280, 7 * 7 * 1280),
    ],
)
def test_vectors_are_as_long_as_the_reports_say(name, size, pooled, flattened):
    with keras.StatelessScope():  # shapes only: no weights are made
        trunk = TRUNKS[name].build(size)
        assert _vectors(trunk, "avg").output_shape == (None, pooled)
        assert _vectors(trunk, "flatten").output_shape == (None, flattened)


@pytest.fixture(scope="module")
def mobilenet():
    return Backbone("mobilenetv2", weights=None, size=(64, 64), batch_size=16)


def test_it_is_an_encoder_of_images_of_any_sizes(mobilenet):
    assert isinstance(mobilenet, Encoder)
    rows = mobilenet.encode([*photos(2), solid(RED, (1, 1)), solid(ORANGE, (3, 300))])
    assert rows.shape == (4, 1280)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert mobilenet.encode([]).shape == (0, 1280)


def test_pooling_is_the_mean_of_what_flattening_keeps(mobilenet):
    flat = Backbone("mobilenetv2", weights=None, size=(64, 64), pooling="flatten").encode(photos(2))
    assert flat.shape == (2, 2 * 2 * 1280)
    np.testing.assert_allclose(flat.reshape(2, 4, 1280).mean(axis=1), mobilenet.encode(photos(2)), rtol=1e-3, atol=1e-4)


def test_an_unknown_trunk_is_named():
    with pytest.raises(ValueError, match="resnet50"):
        Backbone("resnet5", weights=None)


# Batches


@pytest.mark.parametrize("network", ["mobilenetv2", "resnet50"])
def test_batches_of_16_and_of_64_give_the_same_features(network):
    encoder = Backbone(network, weights=None, size=(64, 64), batch_size=64)
    images = photos(70)
    of_64 = encoder.encode(images)
    encoder.batch_size = 16
    of_16 = encoder.encode(images)
    assert np.abs(of_16 - of_64).max() <= 1e-5 * np.abs(of_64).max()
    assert len(np.unique(of_64.round(2), axis=0)) == len(images)


def test_inference_is_the_networks_own_forward_pass_and_never_trains():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])
    batch = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    before = [np.array(weight) for weight in network.get_weights()]
    outputs = forward_pass(network)(batch)
    np.testing.assert_allclose(outputs, network(batch, training=False), atol=1e-6)
    assert not network.trainable_variables
    for now, then in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


# Without weights


def test_an_untrained_trunk_is_reproducible_and_depends_on_its_seed_alone(mobilenet):
    images = photos(2)
    again = Backbone("mobilenetv2", weights=None, size=(64, 64))
    other = Backbone("mobilenetv2", weights=None, size=(64, 64), seed=1)
    np.testing.assert_allclose(again.encode(images), mobilenet.encode(images), rtol=1e-4, atol=1e-5)
    assert not np.allclose(other.encode(images), mobilenet.encode(images), rtol=0.1)


def test_random_kernels_keep_signals_alive_through_depthwise_layers():
    inputs = keras.Input((16, 16, 64))
    x = inputs
    for _ in range(12):
        x = keras.layers.ReLU()(keras.layers.DepthwiseConv2D(3, use_bias=False)(keras.layers.ZeroPadding2D(1)(x)))
    network = keras.Model(inputs, x)
    randomise(network, seed=0)
    output = np.asarray(network(np.random.default_rng(0).normal(size=(1, 16, 16, 64)).astype(np.float32)))
    assert 1e-3 < output.std() < 1e3


# Weights, in files as Keras writes them


def saved(network, path):
    """A legacy .h5 of freshly made weights, none of them at a start that a loader could leave in place."""
    randomise(network, seed=3)
    rng = np.random.default_rng(3)
    for variable in network.variables:
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.3, 1, variable.shape))
    network.save(path)
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "application", "module", "side"),
    [("resnet50", "ResNet50", "resnet50", 32), ("inceptionv3", "InceptionV3", "inception_v3", 75)],
)
def test_weights_saved_by_keras_give_keras_features(tmp_path, name, application, module, side):
    theirs = getattr(keras.applications, application)(
        include_top=False, weights=None, pooling="avg", input_shape=(side, side, 3)
    )
    path = saved(theirs, tmp_path / "weights.h5")
    images = photos(2)
    ours = Backbone(name, weights=path, size=(side, side)).encode(images)
    pixels = np.stack([resized(image, (side, side)) for image in images]).astype(np.float32)
    expected = np.asarray(theirs.predict_on_batch(getattr(keras.applications, module).preprocess_input(pixels)))
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


@pytest.mark.filterwarnings("ignore")
def test_fc1_is_read_from_a_file_that_goes_on_to_the_classes(tmp_path):
    theirs = keras.applications.VGG16(include_top=True, weights=None, classes=5, input_shape=(32, 32, 3))
    path = saved(theirs, tmp_path / "weights.h5")
    fc1 = keras.Model(theirs.inputs, theirs.get_layer("fc1").output)
    images = photos(2)
    pixels = np.stack([resized(image, (32, 32)) for image in images]).astype(np.float32)
    expected = np.asarray(fc1.predict_on_batch(keras.applications.vgg16.preprocess_input(pixels)))
    ours = Backbone("vgg16-fc1", weights=path, size=(32, 32)).encode(images)
    assert ours.shape == (2, 4096)
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_weights_of_another_network_are_refused(tmp_path):
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="conv1_conv")])
    network.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(WeightsError, match="another network|no Keras"):
        Backbone("mobilenetv2", weights=tmp_path / "other.weights.h5", size=(32, 32))


# Real weights on real images


def test_mobilenet_recognises_things_better_than_pixels_do(data_dir, weights_dir):
    images, labels = cifar_images(data_dir, 300)
    weights = weights_dir / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    network = nearest_is_right(Backbone("mobilenetv2", weights=weights).encode(images), labels, queries=100)
    assert network >= 0.55
    assert network >= nearest_is_right(Pixels().encode(images), labels, queries=100) + 0.2
