"""How disturbed a timed pass was: how far the clock's pace strayed, and how many cores other processes kept busy.

Nothing here uses BLAS: its buffers would count as memory of a method that is measured beside it.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil

from benchmarks.experiments.rounds import NOISY, Calibration, strayed
from benchmarks.rows.cell import Noise

BUSY = 0.5
"""Cores that other processes keep busy, above which a pass counts as disturbed."""
_SAMPLES = 10
_WARM_UP = 5
"""Of the work, before it is timed: by then the clock of a core that has rested is up again."""
_REST_SECONDS = 0.1
"""Waited before that at most, for this process to be at rest: threads of a network or a matrix library spin for a while
when they have nothing to do, and slow the rest of their own process down by half."""
_REST_LOOK_SECONDS = 0.004
_AT_REST = 0.1
"""Cores that this process keeps busy while it waits, below which none of its threads spins."""
_LOOK_SECONDS = 0.5
_QUIET_LOOKS = 3
"""One after the other, before a machine on which other processes ran counts as quiet."""
_UNSEEN_LOOKS = 2
"""In which the pace strayed though nothing else ran: what disturbs is another machine on the same processor, which
comes and goes within moments. It is not waited for: where a pass met nothing else, one look decides."""
_SHORT = 1.0
"""Seconds; a pass that takes less is measured again at once, in less time than it takes to see whether that is wise."""
_LEAST_WAIT = 2.0
"""Seconds; longer passes are waited for as long as they took."""
_STAT = Path("/proc/stat")
T = TypeVar("T")


@dataclass(frozen=True)
class Disturbance:
    """What one timed pass met."""

    strayed: float
    """(90th percentile - median) / median of a fixed piece of work, timed before, between and after the parts."""
    others: float | None
    """Cores that other processes kept busy on average; None where the kernel does not say."""
    load: float
    """Load average of the minute before its end."""

    @property
    def is_seen(self) -> bool:
        """Whether it is other processes of this machine that disturb: they will end."""
        return (self.others or 0.0) > BUSY

    @property
    def severity(self) -> float:
        """Over 1: the pass was disturbed."""
        return max(self.strayed / NOISY, (self.others or 0.0) / BUSY)

    def to_json(self) -> Noise:
        """As a row keeps it."""
        return {
            "strayed": self.strayed,
            "others": self.others,
            "load": self.load,
            "disturbed": self.severity > 1,
        }


class Meter:
    """Watches a pass from its creation to `read`; `sample` between parts of it times the clock's pace."""

    def __init__(self, rest: float = _REST_SECONDS) -> None:
        self._calibration = Calibration(products=0)
        self._rest = rest
        self.sample()
        self._began = time.perf_counter()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def sample(self) -> None:
        """Time the fixed work some times once this process is at rest, or `rest` seconds have passed."""
        _come_to_rest(self._rest)
        for _ in range(_WARM_UP + _SAMPLES):
            self._calibration.sample()
        del self._calibration.seconds[-_WARM_UP - _SAMPLES : -_SAMPLES]

    def read(self) -> Disturbance:
        """What the pass met until now."""
        elapsed = time.perf_counter() - self._began
        busy, own = _busy_seconds(), _own_seconds()
        self.sample()
        others = None
        if busy is not None and self._busy is not None:
            others = max(0.0, (busy - self._busy) - (own - self._own)) / max(elapsed, 1e-9)
        return Disturbance(strayed(np.array(self._calibration.seconds)), others, os.getloadavg()[0])


def undisturbed(call: Callable[[Meter], T], patience: float) -> tuple[T, Noise]:
    """What `call` measured, and what disturbed it; measured once more where it was and the machine gets quiet in time.

    `patience` is how many seconds to wait for that at most, 0 for no second measurement, as of a cell that runs beside
    others: it is not worth a rest either. A short pass is not worth a long wait. The quieter one is kept.
    """
    meter, began = Meter(_REST_SECONDS if patience else 0.0), time.perf_counter()
    measured = call(meter)
    took = time.perf_counter() - began
    met, attempts = meter.read(), 1
    if met.severity > 1 and patience and (took < _SHORT or _gets_quiet(min(patience, max(_LEAST_WAIT, took)), met)):
        meter, attempts = Meter(), 2
        again = call(meter)
        if (second := meter.read()).severity < met.severity:
            measured, met = again, second
    return measured, {**met.to_json(), "attempts": attempts}


def _come_to_rest(patience: float) -> None:
    """Wait until no thread of this process works; `patience` seconds at most."""
    deadline = time.perf_counter() + patience
    while time.perf_counter() < deadline:
        began, used = time.perf_counter(), time.process_time()
        time.sleep(_REST_LOOK_SECONDS)
        if time.process_time() - used < _AT_REST * (time.perf_counter() - began):
            return


def _gets_quiet(patience: float, after: Disturbance) -> bool:
    """Wait until nothing disturbs as in `after`; False if that is not within `patience`, or not to be expected.

    Of other processes one quiet moment says little: they work, and wait, by turns of seconds.
    """
    needed, in_vain = (_QUIET_LOOKS, _UNSEEN_LOOKS) if after.is_seen else (1, 1)
    deadline = time.perf_counter() + patience
    quiet = unseen = 0
    while time.perf_counter() < deadline and unseen < in_vain:
        meter = Meter()
        time.sleep(_LOOK_SECONDS)
        met = meter.read()
        quiet = quiet + 1 if met.severity <= 1 else 0
        unseen += met.severity > 1 and not met.is_seen
        if quiet == needed:
            return True
    return False


def _busy_seconds() -> float | None:
    """Seconds that all cores together have worked since the machine started."""
    try:
        user, nice, system, _, _, irq, softirq, steal = map(int, _STAT.read_text().split("\n", 1)[0].split()[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Seconds of processor time of this process and those it started."""
    spent = os.times()
    seconds = spent.user + spent.system + spent.children_user + spent.children_system
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        seconds += times.user + times.system
    return seconds
