"""What this process may compute with."""

import os
from functools import cache
from pathlib import Path


@cache
def multiplies_bfloat16() -> bool:
    """Does the CPU multiply bfloat16 numbers itself (AVX-512 BF16 or AMX)? False where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "").split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def given_threads() -> int:
    """How many threads TensorFlow was given in this process, which an engine beside it may use too."""
    import tensorflow as tf

    given = tf.config.threading.get_intra_op_parallelism_threads()
    if given:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
