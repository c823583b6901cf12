"""What a cell's process finds when it begins, as its result."""

import gc
import sys

from benchmarks.core.tasking.registry import OWN_MODULES
from benchmarks.execution.worker import Job, contained


def looked_around(job: Job) -> None:
    """The entry of a job."""
    tracked, kept = len(gc.get_objects()), gc.get_freeze_count()
    lacking = [name for name in OWN_MODULES if name not in sys.modules]
    contained(job, lambda job: {"tracked": tracked, "kept": kept, "lacking": lacking})
