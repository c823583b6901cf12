"""Tables of engines hold what was measured before; random weights that blow up are settled first."""

import numpy as np
from plugins.tiny_network import tiny_images, tiny_network

from benchmarks.experiments.engines.kept import keep, kept_beside, kept_last
from benchmarks.experiments.engines.measure import MOST_IMAGES, settle
from benchmarks.reporting.tables.engines import write_engines


def facts(name, batch=32, settled=False):
    return {
        "name": name,
        "method": name,
        "trained": True,
        "settled": settled,
        "size": "224x224",
        "batch": batch,
        "threads": 2,
        "images": 96,
        "checks": {},
        "seconds": {"keras": [0.01, 0.02]},
        "strayed": 0.0,
    }


def test_a_table_holds_what_was_measured_alike_before(tmp_path):
    for name, batch in (("mobilenetv2", 32), ("mine / own", 32), ("vgg16", 32), ("resnet50", 8), ("mobilenetv2", 32)):
        found = keep(facts(name, batch), "lfw:standard", tmp_path)
    keep(facts("facenet"), "cifar10:standard", tmp_path)
    alike = kept_beside(found, tmp_path)
    assert [known["name"] for known in alike] == ["vgg16", "mobilenetv2", "mine / own"]
    table, _ = write_engines(alike, tmp_path)
    text = table.read_text()
    assert text.count("| keras |") == 3
    assert "of lfw:standard" in text
    assert text.count("Commit ") == 1


def test_a_row_of_an_older_version_is_passed_over(tmp_path):
    older = facts("vgg16")
    keep({**{key: value for key, value in older.items() if key != "checks"}, "proofs": {}}, "lfw:standard", tmp_path)
    assert kept_last(tmp_path) == []
    found = keep(facts("mobilenetv2"), "lfw:standard", tmp_path)
    assert kept_beside(found, tmp_path) == kept_last(tmp_path) == [found]


def test_a_table_says_which_random_weights_were_settled(tmp_path):
    found = keep(facts("efficientnetv2l", settled=True), "lfw:standard", tmp_path)
    table, _ = write_engines(kept_beside(found, tmp_path), tmp_path)
    assert "Random weights blow up what efficientnetv2l makes" in table.read_text()


def test_a_network_that_blows_up_is_settled_by_a_few_images():
    from keras import layers

    network, images = tiny_network(), tiny_images(8)
    first, norm = network.layers[1], next(x for x in network.layers if isinstance(x, layers.BatchNormalization))
    first.set_weights([weights * 1e12 for weights in first.get_weights()])
    last = network.layers[-2]
    last.set_weights([weights * 1e9 for weights in last.get_weights()])
    momentum = norm.momentum
    assert settle(network, images)
    assert (norm.trainable, norm.momentum) == (False, momentum)
    before = np.asarray(network.get_layer(index=1)(images[:MOST_IMAGES]))
    mean, variance = norm.get_weights()[2:]
    assert np.allclose(mean, before.mean(axis=(0, 1, 2)), rtol=1e-3)
    assert np.allclose(variance, before.var(axis=(0, 1, 2)), rtol=1e-3)


def test_a_tame_network_is_left_as_it_is():
    network, images = tiny_network(), tiny_images(8)
    before = network.get_weights()
    assert not settle(network, images)
    assert all(np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True))
