"""A complete CIFAR-10 layout out of part of one: its records repeated, with a little noise, in the real counts.

    python tests/perf/complete_cifar10.py DATA OUT

DATA holds `cifar10/cifar-10-batches-bin` with the records at hand; OUT gets a `cifar10` folder of 50,000 training and
10,000 test records. It is as large and as costly as CIFAR-10, and its accuracy means nothing: each picture is there
several times.
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from datasets.cifar10 import BATCH_RECORDS, RECORD_BYTES, TRAIN_BATCHES

NOISE = 6
"""Grey levels by which a repeated pixel may differ."""

ORIGIN = """official = false
title = "made larger: {records} records repeated with noise"
what = "{records} CIFAR-10 records, repeated with noise of up to {noise} grey levels until there are 60,000"
differences = "accuracy means nothing; size, time and memory are those of CIFAR-10"
"""


def complete(data: Path, out: Path) -> None:
    """Write OUT/cifar10 from the records in DATA/cifar10."""
    source, target = (root / "cifar10" / "cifar-10-batches-bin" for root in (data, out))
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "batches.meta.txt", target / "batches.meta.txt")
    used = 0
    for names, pattern in (
        ([f"data_batch_{number + 1}.bin" for number in range(TRAIN_BATCHES)], "data_batch_*.bin"),
        (["test_batch.bin"], "test_batch.bin"),
    ):
        parts = [np.fromfile(path, dtype=np.uint8) for path in sorted(source.glob(pattern))]
        records = np.concatenate(parts).reshape(-1, RECORD_BYTES)
        used += len(records)
        for batch, name in enumerate(names):
            rows = (batch * BATCH_RECORDS + np.arange(BATCH_RECORDS)) % len(records)
            noisy = records[rows].astype(np.int16)
            noise = np.random.default_rng([batch, len(names)]).integers(-NOISE, NOISE + 1, noisy[:, 1:].shape)
            noisy[:, 1:] += noise.astype(np.int16)
            np.clip(noisy, 0, 255).astype(np.uint8).tofile(target / name)
    (out / "cifar10" / "ORIGIN.toml").write_text(ORIGIN.format(records=used, noise=NOISE), encoding="utf-8")


if __name__ == "__main__":
    complete(*map(Path, sys.argv[1:3]))
