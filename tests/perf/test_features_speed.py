"""Feature extraction beside `model.predict` one image at a time, and beside the bare forward pass in batches.

All sides run the same network with the same weights, XLA off; `predict` gets its input prepared as ours does, the bare
pass gets it ready-made.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from paired import compare

from methods.encoders.backbone import Backbone
from methods.networks.backbones import TRUNKS
from methods.networks.inference import randomise
from methods.weights import find_weights

IMAGES = 32
TIMES_FASTER = 1.5
OF_THE_BARE_PASS = 1.1


@pytest.fixture(scope="module", params=["mobilenetv2", "efficientnet-lite0", "resnet50"])
def network(request):
    """A name, its encoder, and the same network bare."""
    import keras

    folder = os.environ.get("RIS_WEIGHTS")
    found = find_weights(request.param, Path(folder) if folder else None)
    encoder = Backbone(request.param, weights=found.path if found else None)
    trunk = TRUNKS[request.param]
    maps = trunk.build(trunk.size)
    model = keras.Model(maps.inputs, keras.layers.GlobalAveragePooling2D()(maps.output))
    if found:
        trunk.load(model, found.path)
    else:
        randomise(model, seed=0)
    model.trainable = model.jit_compile = False
    return request.param, encoder, model


def test_features_beside_one_image_at_a_time(benchmark, pictures, network):
    (name, encoder, model), images = network, pictures[:IMAGES]

    def one_at_a_time():
        return [model.predict(encoder.network_input([image]), verbose=0)[0] for image in images]

    np.testing.assert_allclose(encoder.encode(images), one_at_a_time(), rtol=1e-2, atol=1e-2)
    compare(
        benchmark,
        f"features, {name}",
        lambda: encoder.encode(images),
        "Keras model.predict, one image at a time",
        one_at_a_time,
        items=IMAGES,
        unit="image",
        target=TIMES_FASTER,
        rounds=5,
        peer_warm_up=False,
    )


def test_features_beside_the_bare_forward_pass(benchmark, pictures, network):
    (name, encoder, model), images = network, pictures[:IMAGES]
    ready, size = encoder.network_input(images), encoder.batch_size
    compare(
        benchmark,
        f"features, {name}",
        lambda: encoder.encode(images),
        f"limit: bare forward pass, batches of {size}",
        lambda: [model.predict_on_batch(ready[start : start + size]) for start in range(0, IMAGES, size)],
        items=IMAGES,
        unit="image",
        target=OF_THE_BARE_PASS,
        at_most=True,
        rounds=7,
    )
