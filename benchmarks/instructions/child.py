"""The process that callgrind watches: python -m benchmarks.instructions.child JOB.

The job, as JSON: {"paths": names, "repeats": calls of each that are counted, "planted": {name: steps of a loop beside
it}}. Between two counted calls MARKER is called, at which callgrind writes down what it has counted since the last.
"""

import gc
import json
import os
import sys

from benchmarks.instructions.paths import LOOP, PATHS, loop, spin

_WARM_UP = 12
"""Calls after which caches are filled and the interpreter has specialised its code."""
MARKER = "getpgrp"
"""A function of the C library that nothing else here calls."""


def main(job: str) -> None:
    """Prepare each path, call it until all caches are filled, then count its calls."""
    order = json.loads(job)
    for name in order["paths"]:
        call = loop() if name == LOOP else PATHS[name]()
        planted = order["planted"].get(name, 0)
        for _ in range(_WARM_UP):
            call()
        gc.collect()
        gc.disable()  # it would run at a call that depends on what was allocated before
        for _ in range(order["repeats"]):
            os.getpgrp()
            call()
            if planted:
                spin(planted)
        os.getpgrp()
        gc.enable()


if __name__ == "__main__":
    main(sys.argv[1])
