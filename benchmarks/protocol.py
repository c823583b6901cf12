"""The shared protocol's fixed points. A change of meaning here, or in a metric, is a new version."""

from dataclasses import dataclass

PROTOCOL_VERSION = 1
SEED = 20240501
"""Seeds everything that draws: bootstrap, canaries, KMeans, untrained weights."""

SEARCH_DEPTH = 20
"""How many results a timed query asks for; accuracy always ranks the whole gallery."""


@dataclass(frozen=True)
class Timing:
    """How much time a cell may spend on being timed; samples stop at whichever bound comes first."""

    queries: int
    """Batch-1 query samples at most."""
    seconds: float
    """Seconds of batch-1 sampling at most (never fewer than 5 samples)."""
    batch: int
    """Images in a batch for throughput."""
    gallery_sample: int
    """Gallery images encoded afresh to measure indexing throughput."""
    patience: float = 0.0
    """Seconds that a disturbed cell waits at most for a quiet machine, to be timed once more (0: it is not)."""


TIMING = {
    "smoke": Timing(queries=20, seconds=0.75, batch=4, gallery_sample=4),
    "standard": Timing(queries=100, seconds=8.0, batch=32, gallery_sample=64, patience=8.0),
    "full": Timing(queries=300, seconds=30.0, batch=32, gallery_sample=256, patience=30.0),
}

UNTRAINED = {
    "smoke": Timing(queries=5, seconds=0.5, batch=1, gallery_sample=1),
    "standard": Timing(queries=10, seconds=1.0, batch=4, gallery_sample=4),
    "full": Timing(queries=10, seconds=1.0, batch=4, gallery_sample=4),
}
"""For a network without its weights: its speed is worth a glance, and it can win nothing."""

ROBUSTNESS_ORIGINALS = {"smoke": 5, "standard": 30, "full": 200}
"""Gallery images whose distorted copies are searched for; ten copies each."""

COPIES_ORIGINALS = {"smoke": 20, "standard": 150, "full": 500}
"""Gallery images of which a copy with several edits is searched for, and as many distractors, at most."""

TIMEOUT = {"smoke": 300.0, "standard": 1800.0, "full": 14400.0}
"""Seconds a cell may run unless `--timeout` says otherwise."""


def timing_of(subset: str, trained: bool) -> Timing:
    """A cell's timing budget."""
    return (TIMING if trained else UNTRAINED)[size_class(subset)]


def size_class(subset: str) -> str:
    """Which of smoke, standard and full a subset is measured like (named subsets like standard)."""
    return subset if subset in TIMING else "standard"
