"""How long an encoder takes for an image of a gallery, and in how much memory: measured once in a run.

Rows that differ in what comes after their encoder share the figure, so that they are compared by that difference alone,
and a slow encoder costs a run its time once. Each run measures anew.
"""

import contextlib
import itertools
from pathlib import Path

import numpy as np

from benchmarks.core.tasking.context import CellContext
from benchmarks.execution import timing
from benchmarks.system.memory import StagePeaks
from datasets.array_files import UNREADABLE, opened_arrays
from datasets.imageset import ImageSet
from datasets.replacing import write_atomically
from methods import fingerprint
from methods.contracts import Encoder
from methods.progress import report
from methods.vector_method import embed_in_batches

STAGE = "encode"


def encoding_seconds(context: CellContext, encoder: Encoder, gallery: ImageSet, peaks: StagePeaks) -> np.ndarray:
    """Seconds (s,) to encode one of `gallery`'s first images, afresh; the peak of that is a stage of `peaks`.

    Taken up where a cell of this run has measured the same encoder on the same images (`context.of_run`).
    """
    sample = gallery[: context.timing.gallery_sample]
    path = _path(context, sample)
    if path is not None and (kept := _kept(path)):
        seconds, growth = kept
        peaks.stages[STAGE] = None
        peaks.spared(STAGE, growth)
        return seconds
    report("encoding a sample", 0, 0)
    with peaks.stage(STAGE):
        seconds = _measured(encoder, timing.in_memory(sample), context.timing.seconds / 2)
    if path is not None:
        with write_atomically(path, lasting=False) as file:
            np.savez(file, allow_pickle=False, seconds=seconds, growth=peaks.stages[STAGE] or 0)
    return seconds


def _measured(encoder: Encoder, sample: ImageSet, budget: float) -> np.ndarray:
    """A batch is a figure: so a slow encoder gives as many in half the time, and its warm-up is one batch."""
    size = encoder.batch_size if len(sample) % encoder.batch_size == 0 else len(sample)
    batches = itertools.cycle([sample[start : start + size] for start in range(0, len(sample), size)])
    return timing.seconds_per_image(lambda: embed_in_batches(encoder, next(batches)), size, budget)


def _path(context: CellContext, sample: ImageSet) -> Path | None:
    """Where it is kept; None where this host is not the run's own, or the images are not known by their content."""
    if context.of_run is None or not context.of_run.is_dir() or sample.digests is None:
        return None
    key = [context.embeddings.name, list(sample.digests), vars(context.timing)]
    return context.of_run / f"encoding-{fingerprint.digest(key)[:32]}.npz"


def _kept(path: Path) -> tuple[np.ndarray, int] | None:
    """The seconds (s,) and the peak in bytes over the baseline, 0 where it is not known."""
    with contextlib.suppress(*UNREADABLE), opened_arrays(path) as kept:
        return kept["seconds"], int(kept["growth"])
    return None
