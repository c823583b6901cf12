"""One method in a process of its own that answers to a session: index the gallery once, then time a round when told.

Started as `python -m benchmarks.experiments.latency.contestant FILE_DESCRIPTOR` in the checkout whose code is to be
timed. It talks over an inherited socket in plain dicts and arrays, so that two versions of the code can take part in
one session. Checkouts of older versions are started by this module's name as well (see `rounds.module_in`).
"""

import os
import signal
import sys
import time
import traceback
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from benchmarks.system.processes import end_with_parent

_LEAST_SECONDS = 1.0
"""Of warming up, unless the pace is steady before."""


def main(handle: int) -> None:
    """Serve one session, to its end, over the socket with this file descriptor."""
    end_with_parent(os.getppid(), signal.SIGKILL)  # also in the middle of a measurement
    with Connection(handle) as connection:
        try:
            _serve(connection)
        except (EOFError, ConnectionError):
            return  # the session is gone
        except Exception as error:
            traceback.print_exc()
            status = "oom" if isinstance(error, MemoryError) else "error"
            connection.send({"status": status, "error": f"{type(error).__name__}: {error}"})


def _serve(connection: Connection) -> None:
    participant = Participant(connection.recv())
    connection.send(participant.facts)
    while (order := connection.recv())["do"] != "stop":
        if order["do"] == "round":
            connection.send(participant.round(order["queries"]))
        else:
            connection.send(participant.batches(order["sizes"], order["seconds"]))


class ParticipantJob(TypedDict):
    """What a participant is told: plain values, so that another version of the code can read it."""

    method: str
    dataset: str
    data_dir: str | None
    manifest: str
    weights: str | None
    trained: bool
    embeddings: str
    models: str
    plugins: list[str]
    profile: str
    threads: int
    queries: int
    depth: int
    environment: dict[str, str]


class Participant:
    """A built and indexed method with its queries in memory; `facts` is what the session records once."""

    def __init__(self, job: ParticipantJob) -> None:
        pin(job["threads"])
        os.environ.update(job["environment"])
        start = time.perf_counter()
        import benchmarks.execution.timing as timing
        from benchmarks.core.embeddings import EmbeddingStore, stand_in_rows
        from benchmarks.execution.worker import set_seeds, set_threads
        from datasets.manifest import Manifest
        from datasets.registry import open_dataset
        from methods.building import Surroundings, build_method
        from methods.registry import load_registry
        from methods.vector_method import VectorMethod, embed_in_batches

        spec = load_registry(tuple(Path(path) for path in job["plugins"])).get(job["method"])
        for package in spec.requires:
            if package not in ("tensorflow", "face_recognition_models"):  # the one comes with keras, the other is data
                __import__(package)
        imported = time.perf_counter()
        set_threads(job["threads"])
        set_seeds()
        data = Path(job["data_dir"]) if job["data_dir"] else None
        text = Path(job["manifest"]).read_text(encoding="utf-8")
        manifest = Manifest.from_json(text, open_dataset(job["dataset"], data))
        self._timing = timing
        self._depth = job["depth"]
        self._queries = timing.in_memory(manifest.queries[: job["queries"]])
        surroundings = Surroundings(
            Path(job["weights"]) if job["weights"] else None, job["profile"], Path(job["models"]), data
        )
        ready = time.perf_counter()
        embed = EmbeddingStore(Path(job["embeddings"])) if job["trained"] else stand_in_rows
        self._method = build_method(spec, surroundings, embed)
        built = time.perf_counter()
        if isinstance(self._method, VectorMethod):
            embed_in_batches(self._method.encoder, self._queries[:1])
        loaded = time.perf_counter()
        self._method.fit(manifest.gallery)
        self._method.index(manifest.gallery)
        if isinstance(self._method, VectorMethod):
            self._method.embed = embed_in_batches  # a timed pass never meets a stored embedding
        first = time.perf_counter()
        self._method.search(self._queries[:1], self._depth)
        answered = time.perf_counter()
        calls = timing.warm_up(lambda: self._method.search(self._queries[:1], self._depth), _LEAST_SECONDS)
        self._asked = 0
        self.facts = {
            "import_s": imported - start,
            "load_s": built - ready,
            "first_call_s": loaded - built if isinstance(self._method, VectorMethod) else answered - first,
            "warm_up_calls": len(calls),
            "pace_s": float(np.median(calls[-5:])),
            "gallery": len(manifest.gallery),
            "index_bytes": int(self._method.nbytes),
            "pid": os.getpid(),
        }

    def round(self, queries: int) -> dict[str, np.ndarray]:
        """Seconds (queries,) of so many queries, one at a time: in all, and by stage.

        One call before them is not counted: the others have had the processor's caches meanwhile.
        """
        self._method.search(self._next(1), self._depth)
        samples = self._timing.timed_queries(self._method, [self._next(1) for _ in range(queries)], self._depth)
        return {"total": samples.total, "other": samples.other, **samples.stages}

    def batches(self, sizes: list[int], seconds: float) -> list[tuple[int, float]]:
        """(size, seconds a query when so many are asked at once): medians over `seconds` each."""
        found = []
        for size in sizes:
            batch = self._next(size)
            samples = self._timing.seconds_per_image(partial(self._method.search, batch, self._depth), size, seconds)
            found.append((size, float(np.median(samples))))
        return found

    def _next(self, count: int) -> Any:
        """The next `count` queries, round and round."""
        places = (self._asked + np.arange(count)) % len(self._queries)
        self._asked = int(places[-1]) + 1
        return self._queries.take(places)


def pin(threads: int) -> None:
    """Keep this process on as many of its CPUs as it has threads, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


if __name__ == "__main__":
    main(int(sys.argv[1]))
