"""The training loop: the same network, recipe and images give the same weights, stopped and resumed or not.

Nothing of it rests on the process's random state. Shuffling and augmentation of an epoch are drawn from the recipe's
seed and the epoch's number, and so are the dropout masks: an epoch depends on the weights, the optimiser's state and
its number alone, which is what a checkpoint holds.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from datasets.errors import BenchmarkError
from methods import progress
from methods.training.checkpoint import Checkpoints, State
from methods.training.curves import Epoch, EventLog, write_curves
from methods.training.examples import Examples
from methods.training.inputs import Inputs, augmented
from methods.training.recipe import Recipe

if TYPE_CHECKING:
    import keras


WATCHED = 64
"""Held-out images looked at together."""


class TrainingError(BenchmarkError):
    """A training that leads nowhere."""


def train(
    network: "keras.Model",
    inputs: Inputs,
    examples: Examples,
    recipe: Recipe,
    folder: Path,
    say: Callable[[str], None] = print,
) -> list[Epoch]:
    """Train `network` (inputs to probabilities of `examples.labels`) in place; returns its course.

    `inputs` holds what the network is fed for each of `examples.images`. `folder` receives the curves, the event file
    and, while it lasts, a checkpoint; a checkpoint found there is taken up. The network ends with the weights of the
    best epoch where the recipe has patience and something is held out, else with the last.

    Raises TrainingError when the loss is no longer a number.
    """
    _compile(network, recipe)
    training = _Training(network, inputs, examples, recipe)
    checkpoints, events = Checkpoints(folder), EventLog(folder)
    training.restore(checkpoints.load())
    epochs = recipe.epochs_for(len(examples.train))
    say(
        f"training {network.name}: {len(examples.train)} images of {len(examples.labels)} labels, "
        f"{len(examples.held_out)} held out, {epochs} epochs"
        + (f", resumed after {len(training.epochs)}" if training.epochs else "")
    )
    try:
        while len(training.epochs) < epochs and not training.stalled:
            progress.report("epochs trained", len(training.epochs), epochs)
            epoch = training.run_epoch(len(training.epochs), epochs)
            say(str(epoch))
            events.add(epoch)
            write_curves(folder, training.epochs)
            if checkpoints.due:
                checkpoints.save(training.state())
    finally:
        events.close()
    training.finish()
    return training.epochs


class _Training:
    """The network and what has been learned so far."""

    def __init__(self, network: "keras.Model", inputs: Inputs, examples: Examples, recipe: Recipe) -> None:
        self._network = network
        self._inputs = inputs
        self._examples = examples
        self._recipe = recipe
        self._best: list[np.ndarray] = []
        self.epochs: list[Epoch] = []

    @property
    def _choosing(self) -> bool:
        return self._recipe.patience is not None and len(self._examples.held_out) > 0

    @property
    def _best_epoch(self) -> int:
        return max(range(len(self.epochs)), key=lambda place: _merit(self.epochs[place]))

    @property
    def stalled(self) -> bool:
        """No progress for longer than the recipe is willing to wait."""
        if not self._choosing or not self.epochs:
            return False
        return len(self.epochs) - 1 - self._best_epoch >= (self._recipe.patience or 0)

    def run_epoch(self, number: int, epochs: int) -> Epoch:
        """Learn from every training image once, then look at the held-out ones."""
        start = time.perf_counter()
        rate = self._recipe.learning_rate_at(number, epochs)
        self._network.optimizer.learning_rate = rate
        rng = np.random.default_rng([self._recipe.seed, number])
        with _seeded_dropout(self._network, self._recipe.seed, number):
            loss, accuracy = self._learn(rng)
        if not math.isfinite(loss):
            raise TrainingError(f"{self._network.name}: the loss is {loss} in epoch {number + 1}; lower learning_rate")
        held_out = self._watch()
        epoch = Epoch(number + 1, rate, loss, accuracy, *held_out, seconds=time.perf_counter() - start)
        self.epochs.append(epoch)
        if self._choosing and self._best_epoch == number:
            self._best = self._network.get_weights()
        return epoch

    def state(self) -> State:
        """What a checkpoint needs."""
        optimiser = [np.asarray(variable) for variable in self._network.optimizer.variables]
        return State(self._network.get_weights(), optimiser, self._best, self.epochs)

    def restore(self, state: State | None) -> None:
        """Take up a checkpoint; one that does not fit this network is not taken up."""
        variables = self._network.optimizer.variables
        fits = state is not None and [a.shape for a in (*state.weights, *state.optimiser)] == [
            tuple(v.shape) for v in (*self._network.weights, *variables)
        ]
        if state is None or not fits:
            return
        self._network.set_weights(list(state.weights))
        for variable, value in zip(variables, state.optimiser, strict=True):
            variable.assign(value)
        self._best = list(state.best)
        self.epochs = list(state.epochs)

    def finish(self) -> None:
        """Leave the network with the weights that were chosen."""
        if self._best:
            self._network.set_weights(self._best)

    def _learn(self, rng: np.random.Generator) -> tuple[float, float]:
        recipe = self._recipe
        logs = []
        for positions in _batches(rng.permutation(self._examples.train), recipe.batch):
            batch = augmented(self._inputs.take(positions), recipe.flip, recipe.shift, rng)
            self._network.reset_metrics()
            answer = self._network.train_on_batch(batch, self._examples.codes[positions], return_dict=True)
            logs.append((len(positions), answer))
        return _mean(logs, "loss"), _mean(logs, "accuracy")

    def _watch(self) -> tuple[float | None, float | None]:
        logs = []
        for positions in _batches(self._examples.held_out, WATCHED):
            self._network.reset_metrics()
            batch = self._inputs.take(positions)
            answer = self._network.test_on_batch(batch, self._examples.codes[positions], return_dict=True)
            logs.append((len(positions), answer))
        return (_mean(logs, "loss"), _mean(logs, "accuracy")) if logs else (None, None)


def _mean(logs: list[tuple[int, Mapping[str, float]]], name: str) -> float:
    """Mean over images of what batches of so many images gave."""
    return float(sum(size * log[name] for size, log in logs) / sum(size for size, _ in logs))


def _merit(epoch: Epoch) -> tuple[float, float]:
    """Held-out accuracy, and the lower loss where that ties (few images are held out, so it often does)."""
    return (epoch.held_out_accuracy or 0.0, -(epoch.held_out_loss or 0.0))


def _compile(network: "keras.Model", recipe: Recipe) -> None:
    import keras

    optimiser = {"adam": keras.optimizers.Adam, "adamax": keras.optimizers.Adamax}[recipe.optimiser](
        learning_rate=recipe.learning_rate
    )
    # On TensorFlow XLA's convolutions are slow on a CPU; JAX without its compiler runs operation by operation.
    compiled = keras.backend.backend() == "jax"
    network.compile(optimiser, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=compiled)
    optimiser.build(network.trainable_variables)


def _batches(positions: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (positions[start : start + size] for start in range(0, len(positions), size))


@contextmanager
def _seeded_dropout(network: "keras.Model", seed: int, epoch: int) -> Iterator[None]:
    """Draw the masks of an epoch from these two numbers alone."""
    for number, layer in enumerate(network.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed + number, epoch], dtype=np.uint32))
    if (torch := _torch()) is None:
        yield
        return
    with torch.random.fork_rng():  # Keras' dropout on PyTorch draws from the process's state, whatever its layers hold
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
        yield


def _torch() -> ModuleType | None:
    import keras

    return sys.modules["torch"] if keras.backend.backend() == "torch" else None
