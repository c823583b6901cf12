"""An encoder on plain Keras and on engines, over one sample: proofs, and the fastest engine that has one."""

import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from benchmarks.engines.proof import Proof, judge_rows
from benchmarks.engines.sample import Sample
from datasets.imageset import Image
from methods.contracts import Encoder
from methods.engines.contract import Engine
from methods.engines.registry import PLAIN
from methods.engines.swap import Swap


def prove(encoder: Encoder, engines: Iterable[Engine], sample: Sample, labelled: bool = True) -> list[Proof]:
    """A proof for each engine, in order; `labelled` False leaves hit@1 out."""
    plain, plain_seconds = _rows(encoder, sample.images)
    labels = sample.labels if labelled else None
    proofs = []
    for engine in engines:
        if obstacle := engine.obstacle():
            proofs.append(Proof(engine.name, obstacle))
            continue
        with Swap(encoder, engine):
            rows, seconds = _rows(encoder, sample.images)
        proof = judge_rows(engine.name, plain, rows, labels, sample.queries)
        proofs.append(replace(proof, seconds=seconds, plain_seconds=plain_seconds))
    return proofs


def fastest(proofs: Iterable[Proof]) -> str:
    """The engine that took the least time of those that are proven; plain Keras where none was faster than it."""
    times = {
        proof.engine: proof.seconds
        for proof in proofs
        if proof.proven and proof.seconds is not None and proof.seconds < (proof.plain_seconds or 0.0)
    }
    return min(times, key=lambda name: times[name], default=PLAIN)


def _rows(encoder: Encoder, images: list[Image]) -> tuple[np.ndarray, float]:
    """Rows (n, d), and seconds an image of the second half: the first one warms up."""
    half = max(1, len(images) // 2)
    first = encoder.encode(images[:half])
    start = time.perf_counter()
    second = encoder.encode(images[half:])
    return np.concatenate([first, second]), (time.perf_counter() - start) / max(1, len(images) - half)
