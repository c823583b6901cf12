"""Engines give what Keras gives, for batches of any size; what cannot run says why; a swap leaves no trace."""

import numpy as np
import pytest
from plugins.tiny_network import TinyEncoder, tiny_images, tiny_network

from methods.engines import contract
from methods.engines.contract import Engine, EngineError
from methods.engines.registry import ENGINES, check_engine, get_engine
from methods.engines.swap import Swap, networks_of

SIZES = (1, 3, 4, 5, 17)


@pytest.fixture(scope="module")
def network():
    return tiny_network()


def runnable(name):
    engine = get_engine(name)
    if obstacle := engine.obstacle():
        pytest.skip(obstacle)
    return engine


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "openvino-bf16"])
def test_an_engine_in_float32_gives_what_keras_gives(network, name):
    forward = runnable(name).compile(network)
    for size in SIZES:
        batch = tiny_images(size, seed=size)
        rows = forward(batch)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(rows, np.asarray(network.predict_on_batch(batch)), atol=2e-6)


def test_a_frozen_network_holds_constants_alone():
    import keras
    import tensorflow as tf

    from methods.engines.frozen_graph import frozen

    seen = keras.Input((12, 12, 3))
    inner = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.PReLU()])
    features = keras.layers.GlobalAveragePooling2D()(inner(seen))
    nested = keras.Model(seen, [features, keras.layers.Dense(2)(keras.layers.Dropout(0.5)(features))])
    batch = np.random.default_rng(0).random((3, 12, 12, 3), dtype=np.float32)
    expected = nested(batch, training=False)
    graph = frozen(nested, nested.input_shape)
    assert not graph.captured_inputs
    for weight in nested.trainable_variables:
        weight.assign(weight + 1)
    for found, wanted in zip(graph(tf.constant(batch)), expected, strict=True):
        np.testing.assert_allclose(found.numpy(), np.asarray(wanted), atol=1e-6)


def test_bfloat16_is_near_and_is_really_used(network):
    forward = runnable("openvino-bf16").compile(network)
    batch = tiny_images(17)
    plain = np.asarray(network.predict_on_batch(batch))
    change = np.abs(forward(batch) - plain).max()
    assert 1e-6 < change < 0.05 * np.abs(plain).max()


@pytest.mark.parametrize("name", ENGINES)
def test_a_row_does_not_depend_on_its_batch(network, name):
    forward = runnable(name).compile(network)
    batch = tiny_images(17)
    one_by_one = np.concatenate([forward(batch[i : i + 1]) for i in range(len(batch))])
    np.testing.assert_allclose(forward(batch), one_by_one, atol=2e-6)


def test_what_an_engine_returns_is_not_overwritten_by_its_next_call(network):
    forward = runnable("openvino").compile(network)
    first = forward(tiny_images(2, seed=1))
    kept = first.copy()
    forward(tiny_images(2, seed=2))
    np.testing.assert_array_equal(first, kept)


# What cannot run


def test_an_unknown_engine_is_met_with_the_nearest_name():
    with pytest.raises(EngineError, match="unknown engine 'openvno': did you mean openvino"):
        check_engine("openvno")


def test_auto_and_nothing_are_no_engines_but_may_be_asked_for():
    assert check_engine("auto") == "auto"
    assert check_engine("") == ""


def test_a_missing_package_says_how_to_get_it(network):
    engine = Engine("fancy", "", "nowhere:forward", package="no_such_package_at_all")
    with pytest.raises(EngineError, match=r"engine fancy: needs no_such_package_at_all.*pip install '.*\[fast\]'"):
        engine.compile(network)


def test_bfloat16_is_refused_where_the_cpu_lacks_it(monkeypatch):
    monkeypatch.setattr(contract, "multiplies_bfloat16", lambda: False)
    engine = Engine("half", "", "nowhere:forward", bfloat16=True)
    assert "does not multiply bfloat16" in engine.obstacle()


# Swapping


def test_the_networks_of_an_encoder_are_found_in_attributes_and_in_forward_passes(network):
    class Holder:
        def __init__(self):
            self.number = 3
            self.network = network

    assert networks_of(Holder()) == [network]
    assert len(networks_of(TinyEncoder())) == 1


def test_a_swap_changes_the_encoder_for_its_block_alone():
    encoder = TinyEncoder()
    images = [np.random.default_rng(i).integers(0, 256, (30, 30, 3), dtype=np.uint8) for i in range(5)]
    before = encoder.encode(images)
    swap = Swap(encoder, Engine("shuffled", "", "plugins.tiny_network:shuffled"))
    for _ in range(2):
        with swap:
            np.testing.assert_array_equal(encoder.encode(images), before[:, ::-1])
        np.testing.assert_array_equal(encoder.encode(images), before)
    assert "predict_on_batch" not in vars(networks_of(encoder)[0])


def test_a_swap_to_keras_changes_nothing():
    encoder = TinyEncoder()
    images = [np.full((30, 30, 3), 90, dtype=np.uint8)]
    before = encoder.encode(images)
    with Swap(encoder, get_engine("keras")):
        np.testing.assert_array_equal(encoder.encode(images), before)
