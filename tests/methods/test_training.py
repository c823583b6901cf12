"""The training loop: the same weights every time, interrupted or not; kept by content; watched on the gallery alone."""

import dataclasses
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from training_toys import DESIGN, RECIPE, coloured, toy_network

from datasets import sources
from methods import memory
from methods.memory import TooLargeError, require_memory, training_bytes
from methods.stages import StageClock, spare
from methods.training import checkpoint, classifier, curves, inputs, kept, trainer
from methods.training.classifier import labels_that_fit, train_classifier
from methods.training.examples import choose_examples
from methods.training.initial import initialise
from methods.training.inputs import Activations, Pictures, Scaled, augmented
from methods.training.kept import content_key
from methods.training.recipe import Recipe
from methods.training.trainer import TrainingError, train

LIBRARIES = ("tensorflow", "keras")


@pytest.fixture(autouse=True)
def without_compiling():
    """Toys take longer to compile than to train."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def same(a, b):
    return len(a.weights) == len(b.weights) and all(map(np.array_equal, a.weights, b.weights))


def the_folder(models):
    (folder,) = models.iterdir()
    return folder


@pytest.mark.parametrize("compiled", [True, False])
def test_two_trainings_give_the_same_weights_and_the_seed_decides_them(compiled):
    import tensorflow as tf

    tf.config.run_functions_eagerly(not compiled)
    first = train_classifier(coloured(), DESIGN, RECIPE, None)
    assert same(first, train_classifier(coloured(), DESIGN, RECIPE, None))
    assert not same(first, train_classifier(coloured(), DESIGN, dataclasses.replace(RECIPE, seed=1), None))


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_same_holds_on_other_backends(backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    chosen = "two_trainings or resumed_training or it_learns or curves_and_events or other_weights"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        f"{chosen} and not backends",
    ]
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout


def test_the_processs_random_state_is_neither_used_nor_moved():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    train_classifier(coloured(), DESIGN, RECIPE, None)
    assert np.array_equal(before, np.random.get_state()[1])


def test_it_learns():
    recipe = dataclasses.replace(RECIPE, epochs=15, shift=0)
    gallery, queries = coloured(20), coloured(5, prefix="q", seed=1)
    trained = train_classifier(gallery, DESIGN, recipe, None)
    network = toy_network(3)
    network.set_weights(trained.weights)
    answers = network.predict_on_batch(inputs.prepared(list(queries), (8, 8))).argmax(axis=1)
    assert np.mean(trained.labels[answers] == queries.labels) >= 0.9


class KilledError(Exception):
    pass


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    recipe = dataclasses.replace(RECIPE, epochs=6, patience=5, cosine=True)
    whole = train_classifier(coloured(), DESIGN, recipe, None)
    original = trainer.write_curves

    def killed_in_the_fourth_epoch(folder, epochs):
        if len(epochs) == 4:
            raise KilledError
        original(folder, epochs)

    monkeypatch.setattr(trainer, "write_curves", killed_in_the_fourth_epoch)
    with pytest.raises(KilledError):
        train_classifier(coloured(), DESIGN, recipe, tmp_path)
    assert (the_folder(tmp_path) / checkpoint.CHECKPOINT).is_file()
    monkeypatch.setattr(trainer, "write_curves", original)
    capsys.readouterr()
    resumed = train_classifier(coloured(), DESIGN, recipe, tmp_path)
    assert "resumed after 3" in capsys.readouterr().out
    assert same(whole, resumed)
    assert len(curves.read_curves(the_folder(tmp_path))) == 6
    assert not (the_folder(tmp_path) / checkpoint.CHECKPOINT).exists()


SLOW_TRAINING = """
import sys
from pathlib import Path
from methods import fingerprint
from methods.training import checkpoint
from methods.training.classifier import train_classifier
from training_toys import DESIGN, RECIPE, coloured
import dataclasses
checkpoint.EVERY, checkpoint.SHARE = 0.0, 1e9
train_classifier(coloured(), DESIGN, dataclasses.replace(RECIPE, epochs=100_000), Path(sys.argv[1]))
"""


def test_a_killed_process_leaves_a_checkpoint_to_go_on_from(tmp_path):
    here = Path(__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parents[2]), str(here.parent)])}
    process = subprocess.Popen([sys.executable, "-c", SLOW_TRAINING, str(tmp_path)], env=environment)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*/checkpoint.npz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    state = checkpoint.Checkpoints(the_folder(tmp_path)).load()
    assert state is not None
    assert len(state.epochs) >= 1


def test_a_damaged_checkpoint_and_one_of_another_network_are_not_taken_up(tmp_path, capsys):
    examples = choose_examples(coloured(), RECIPE)
    pictures = Pictures(examples.images, (8, 8))
    (tmp_path / checkpoint.CHECKPOINT).write_bytes(b"PK\x03\x04 torn")
    train(toy_network(3), pictures, examples, RECIPE, tmp_path)
    other = checkpoint.State([np.zeros((2, 2), np.float32)], [], [], [])
    checkpoint.Checkpoints(tmp_path).save(other)
    train(toy_network(3), pictures, examples, RECIPE, tmp_path)
    assert "resumed" not in capsys.readouterr().out


def test_a_finished_training_is_not_repeated(tmp_path, monkeypatch):
    first = train_classifier(coloured(), DESIGN, RECIPE, tmp_path)

    def never(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr(classifier, "learned_weights", never)
    again = train_classifier(coloured(), DESIGN, RECIPE, tmp_path)
    assert same(first, again)
    assert np.array_equal(first.labels, again.labels)
    with pytest.raises(AssertionError, match="trained again"):
        train_classifier(coloured(), DESIGN, dataclasses.replace(RECIPE, epochs=5), tmp_path)
    with pytest.raises(AssertionError, match="trained again"):
        train_classifier(coloured(seed=1), DESIGN, RECIPE, tmp_path)


def test_damaged_weights_are_trained_again(tmp_path):
    first = train_classifier(coloured(), DESIGN, RECIPE, tmp_path)
    (the_folder(tmp_path) / "trained.npz").write_bytes(b"no archive")
    assert same(first, train_classifier(coloured(), DESIGN, RECIPE, tmp_path))


def test_the_content_key_covers_settings_images_and_labels_but_not_their_order():
    gallery = coloured(4)
    key = content_key({"a": 1}, gallery, (), LIBRARIES)
    assert key == content_key({"a": 1}, gallery.take(range(len(gallery) - 1, -1, -1)), (), LIBRARIES)
    relabelled = dataclasses.replace(gallery.items[0], label="other")
    others = [
        content_key({"a": 2}, gallery, (), LIBRARIES),
        content_key({"a": 1}, gallery[1:], (), LIBRARIES),
        content_key({"a": 1}, coloured(4, seed=1), (), LIBRARIES),
        content_key({"a": 1}, type(gallery)([relabelled, *gallery.items[1:]], gallery.source), (), LIBRARIES),
        content_key({"a": 1}, gallery, ("methods.training.trainer",), LIBRARIES),
        content_key({"a": 1}, gallery, (), ("keras",)),
    ]
    assert len({key, *others}) == 7


def test_the_code_of_the_harness_and_the_catalogue_is_no_part_of_the_key():
    """They change often, and would have everything trained again."""
    reached = set(sources.module_digests([classifier.CODE, "methods.networks.cnn4", "methods.trained.sift_region"]))
    assert {"methods.training.trainer", "methods.training.examples", "methods.resizing"} <= reached
    assert not {"methods.spec", "methods.fingerprint", "methods.catalogue", "methods.contracts"} & reached


def test_what_is_held_out_is_of_the_gallery_and_not_learned_from():
    gallery = coloured(10)
    examples = choose_examples(gallery, RECIPE)
    assert len(examples.held_out) == 6
    assert np.array_equal(np.sort([*examples.train, *examples.held_out]), np.arange(30))
    assert set(examples.images.ids) == set(gallery.ids)
    assert np.array_equal(examples.labels[examples.codes], examples.images.labels)
    assert len(np.unique(examples.codes[examples.held_out])) == 3


def test_labels_of_one_or_two_images_give_none_away():
    examples = choose_examples(coloured(2), RECIPE)
    assert len(examples.held_out) == 0
    assert len(examples.train) == 6
    course = train_classifier(coloured(2), DESIGN, dataclasses.replace(RECIPE, patience=1), None)
    assert np.isfinite(course.weights[0]).all()


def test_the_order_of_the_gallery_changes_nothing():
    gallery = coloured()
    shuffled = gallery.take(np.random.default_rng(0).permutation(len(gallery)))
    assert same(*(train_classifier(images, DESIGN, RECIPE, None) for images in (gallery, shuffled)))


def test_caps_on_images_labels_and_passes():
    gallery = coloured(10).take([*range(10), *range(10, 15), *range(20, 22)])
    capped = choose_examples(gallery, dataclasses.replace(RECIPE, images=7))
    assert len(capped.images) == 7
    assert choose_examples(gallery, RECIPE, max_labels=2).labels.tolist() == ["label 0", "label 1"]
    recipe = Recipe(epochs=10, passes=100)
    assert [recipe.epochs_for(images) for images in (1, 10, 30, 1000)] == [10, 10, 3, 1]
    assert Recipe(epochs=10).epochs_for(10**6) == 10


def test_the_learning_rate_falls_along_half_a_cosine():
    recipe = Recipe(learning_rate=0.1, cosine=True, epochs=10)
    rates = [recipe.learning_rate_at(epoch, 10) for epoch in range(11)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[5] == pytest.approx(0.1 * 0.505)
    assert rates[10] == pytest.approx(0.001)
    assert rates == sorted(rates, reverse=True)
    assert Recipe(learning_rate=0.1).learning_rate_at(9, 10) == 0.1


def test_it_stops_early_and_keeps_the_best_epoch(tmp_path, monkeypatch):
    course = iter([(1.0, 0.5), (0.9, 0.7), (0.8, 0.7), (0.7, 0.6), (0.9, 0.7), (0.5, 0.9)])
    snapshots = []

    def watch(training):
        snapshots.append(training._network.get_weights())
        return next(course)

    monkeypatch.setattr(trainer._Training, "_watch", watch)
    examples = choose_examples(coloured(), RECIPE)
    network = toy_network(3)
    recipe = dataclasses.replace(RECIPE, epochs=20, patience=2)
    epochs = train(network, Pictures(examples.images, (8, 8)), examples, recipe, tmp_path)
    assert len(epochs) == 5  # the third, of equal accuracy and less loss, was the best until then
    assert all(map(np.array_equal, network.get_weights(), snapshots[2]))


@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")
def test_curves_and_events_tell_the_same_story(tmp_path, capsys):
    train_classifier(coloured(), DESIGN, RECIPE, tmp_path)
    folder = the_folder(tmp_path)
    epochs = curves.read_curves(folder)
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert all(0 <= epoch.accuracy <= 1 and epoch.loss > 0 and epoch.seconds > 0 for epoch in epochs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[1:]] == ["epoch 1", "epoch 2", "epoch 3", "epoch 4"]
    if keras.backend.backend() != "tensorflow":
        assert not (folder / curves.EVENTS).exists(), "TensorFlow alone writes them"
        return
    events = read_events(folder / curves.EVENTS)
    for name in ("loss", "accuracy", "held_out_loss", "held_out_accuracy", "learning_rate"):
        assert events[name] == pytest.approx({epoch.epoch: getattr(epoch, name) for epoch in epochs})


def read_events(folder):
    import tensorflow as tf

    (path,) = folder.iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    return found


def test_curves_that_are_not_there_are_none(tmp_path):
    assert curves.read_curves(tmp_path) == []


def test_a_loss_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="lower learning_rate"):
        train_classifier(coloured(), DESIGN, dataclasses.replace(RECIPE, learning_rate=1e30), tmp_path)


def test_reported_loss_and_accuracy_are_means_over_images(tmp_path):
    """One epoch at learning rate 0 and no dropout: the figures are those of the initial network, whatever the batch."""
    examples = choose_examples(coloured(), RECIPE)
    figures = []
    for batch in (7, 24):
        recipe = Recipe(learning_rate=0.0, batch=batch, epochs=1, held_out=0.2)
        network = toy_network(3)
        initialise(network.layers, 0)
        for layer in network.layers:
            if hasattr(layer, "rate"):
                layer.rate = 0.0
        pictures = Pictures(examples.images, (8, 8))
        (epoch,) = train(network, pictures, examples, recipe, tmp_path)
        figures.append((epoch.loss, epoch.accuracy, epoch.held_out_loss))
        right = network.predict_on_batch(pictures.take(examples.train))[np.arange(24), examples.codes[examples.train]]
        assert epoch.loss == pytest.approx(-np.log(right).mean(), rel=1e-4)
    assert figures[0] == pytest.approx(figures[1], rel=1e-4)


def test_training_goes_on_from_other_weights():
    base = train_classifier(coloured(), DESIGN, RECIPE, None)
    still = dataclasses.replace(RECIPE, learning_rate=0.0, epochs=1)
    two = coloured(labels=2)
    moved = train_classifier(two, DESIGN, still, None, start=base)
    assert all(map(np.array_equal, base.trunk, moved.trunk))
    assert moved.weights[-1].shape == (2,)


def test_shifts_move_whole_pixels_and_flips_mirror():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (1, 6, 5, 3), dtype=np.uint8)
    for seed in range(8):
        (moved,) = augmented(picture, False, 2, np.random.default_rng(seed))
        candidates = [
            picture[0][np.clip(np.arange(6) + down, 0, 5)][:, np.clip(np.arange(5) + across, 0, 4)]
            for down in range(-2, 3)
            for across in range(-2, 3)
        ]
        assert any(np.array_equal(moved, candidate) for candidate in candidates)
    flipped = augmented(np.repeat(picture, 50, axis=0), True, 0, rng)
    mirrored = [np.array_equal(one, picture[0][:, ::-1]) for one in flipped]
    assert 10 < sum(mirrored) < 40
    assert all(np.array_equal(one, picture[0]) for one, turned in zip(flipped, mirrored, strict=True) if not turned)


def test_streamed_pictures_are_the_kept_ones(monkeypatch):
    images, places = coloured(3), np.array([5, 0, 5])
    kept = Pictures(images, (8, 8)).take(places)
    monkeypatch.setattr(inputs, "KEPT_BYTES", 0)
    streamed = Pictures(images, (8, 8))
    assert streamed._kept is None
    assert np.array_equal(kept, streamed.take(places))
    assert np.array_equal(kept[1], inputs.prepared([images[0]], (8, 8))[0])


def test_activations_are_computed_once_and_scaled_inputs_each_time():
    pictures = Pictures(coloured(3), (8, 8))
    scaled = Scaled(pictures, lambda batch: batch.astype(np.float32) / 2)
    sizes = []

    def frozen(batch):
        sizes.append(len(batch))
        return batch.mean(axis=(1, 2))

    kept = Activations(scaled, 9, frozen, batch=4)
    assert sizes == [4, 4, 1]
    places = np.array([8, 1])
    assert np.allclose(kept.take(places), pictures.take(places).mean(axis=(1, 2)) / 2, atol=1e-3)
    kept.take(places)
    assert len(sizes) == 3


def test_memory_is_refused_with_both_figures(monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 8 << 30)
    with pytest.raises(TooLargeError, match=r"all of LFW takes 5\.3 GiB, more than 40% of the 8\.0 GiB"):
        require_memory(13_233 * 107_648 * 4, "all of LFW")
    require_memory(1 << 30, "a little")


def test_a_container_s_limit_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_CGROUP_LIMIT", tmp_path / "memory.max")
    read = memory.machine_bytes.__wrapped__  # the value is kept, and other tests need the true one
    whole = read()
    (tmp_path / "memory.max").write_text("max\n")
    assert read() == whole
    (tmp_path / "memory.max").write_text("1048576\n")
    assert read() == 1 << 20


def test_labels_whose_softmax_does_not_fit_are_not_learned(monkeypatch, capsys):
    per_label = training_bytes(DESIGN.dimension + 1)
    monkeypatch.setattr(classifier, "allowance", lambda: 2 * per_label)
    assert labels_that_fit(DESIGN) == 2
    trained = train_classifier(coloured(), DESIGN, RECIPE, None)
    assert trained.labels.tolist() == ["label 0", "label 1"]
    assert "the 2 most frequent of 3 labels" in capsys.readouterr().out
    monkeypatch.setattr(classifier, "allowance", lambda: per_label)
    with pytest.raises(TooLargeError, match="two labels"):
        train_classifier(coloured(), DESIGN, RECIPE, None)


def test_a_training_taken_up_again_counts_with_the_time_it_took(tmp_path):
    def train(folder):
        time.sleep(0.05)
        return {"weights": np.zeros(1)}

    clocks, totals = [StageClock(), StageClock()], []
    for clock in clocks:
        start = time.perf_counter()
        with clock.running():
            kept.kept(tmp_path, "net", "k" * 64, {}, train)
        totals.append(time.perf_counter() - start + clock.spared)
    assert clocks[0].spared == clocks[0].spared_bytes == 0
    assert min(totals) >= 0.05


def test_a_training_taken_up_again_counts_with_the_memory_it_took(tmp_path):
    def train(folder):
        big = np.ones(1 << 24)
        return {"weights": big[:1].copy()}

    clock = StageClock()
    kept.kept(tmp_path, "net", "k" * 64, {}, train)
    with clock.running():
        kept.kept(tmp_path, "net", "k" * 64, {}, train)
    assert clock.spared_bytes >= 120 << 20


def test_what_is_spared_inside_a_training_is_part_of_the_time_it_took(tmp_path):
    def train(folder):
        spare(5.0)
        return {"weights": np.zeros(1)}

    for _ in range(2):
        clock, start = StageClock(), time.perf_counter()
        with clock.running():
            kept.kept(tmp_path, "net", "k" * 64, {}, train)
        assert 5 <= clock.spared + time.perf_counter() - start < 6


@pytest.mark.parametrize("damaged", [kept.TRAINED, kept.COST])
def test_a_digit_that_changed_on_disk_costs_a_training_and_no_figure(tmp_path, damaged, caplog):
    """What a training took is read back too: doubled where it was made again, and any number once a byte flips."""
    made = []

    def train(folder):
        made.append(folder)
        spare(5.0)
        return {"weights": np.full(9, 7.0)}

    def taken():
        clock, start = StageClock(), time.perf_counter()
        with clock.running():
            weights = kept.kept(tmp_path, "net", "k" * 64, {}, train)["weights"]
        assert np.array_equal(weights, np.full(9, 7.0))
        return clock.spared + time.perf_counter() - start

    assert 5 <= taken() < 6
    path = made[0] / damaged
    data = bytearray(path.read_bytes())
    data[data.index(b"5." if damaged == kept.COST else b"\x1c@")] ^= 1
    path.write_bytes(data)
    assert 5 <= taken() < 6
    assert f"{path} (" in caplog.text
    assert 5 <= taken() < 6
    assert len(made) == 2
