"""Whatever a method does, each experiment keeps a row that says so, goes on with the rest, leaves nothing behind."""

from functools import partial
from pathlib import Path

import psutil
import pytest
from faulty_drivers import DRIVERS
from plugins.faulty import DEEDS, LEFT_BEHIND

ENDS = {
    "raises": ("error", "ValueError: the images are not to my taste"),
    "segfaults": ("killed", "SIGSEGV"),
    "hangs": ("timeout", "1 s"),
    "swells": ("oom", "over the limit of 0."),
    "forks": ("error", "ValueError: forked"),
    "exits": ("killed", ""),
    "floods": ("error", "ValueError: flooded"),
}
LIMIT = 3 * 2**27
"""Bytes: more than a process takes that does nothing wrong."""


@pytest.fixture(scope="module", params=list(DRIVERS))
def experiment(request, photos, tmp_path_factory):
    """A measuring command over every faulty method; its rows by deed, and its folder."""
    out = tmp_path_factory.mktemp("faults") / "out"
    run = partial(DRIVERS[request.param], photos, out)
    rows = run([deed for deed in DEEDS if deed in ENDS and deed != "hangs"], timeout=60, memory_bytes=LIMIT)
    rows |= run(["hangs"], timeout=1)
    return rows, out


@pytest.mark.parametrize("deed", ENDS)
def test_a_fault_is_a_row_with_its_reason(experiment, deed):
    status, reason = ENDS[deed]
    row = experiment[0][deed]
    assert (row["status"], reason in row["reason"]) == (status, True), row["reason"]


def test_nothing_is_left_behind(experiment):
    _, out = experiment
    left = [process for process in psutil.process_iter(["cmdline"]) if LEFT_BEHIND in (process.info["cmdline"] or ())]
    assert not left
    assert not list(Path(out).rglob(".running-*"))
    assert sum(path.stat().st_size for path in Path(out).rglob("*") if path.is_file()) < 2**24
