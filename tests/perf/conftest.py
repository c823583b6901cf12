"""What the benchmarks of hot paths share: photographs, peers that may be absent, and what the table needs to know."""

import importlib
from importlib.metadata import PackageNotFoundError, version

import pytest

from benchmarks.execution.timing import in_memory
from benchmarks.system.provenance import provenance
from datasets.lfw import Lfw

PEERS = ("imagehash", "imagededup", "deepface", "scikit-learn", "faiss-cpu", "pytrec_eval-terrier")
PHOTOGRAPHS = 512

_not_measured = []


@pytest.fixture(scope="session")
def photographs(data_dir):
    """Photographs of LFW, 250 x 250, their encoded bytes in memory: an ImageSet."""
    lfw = Lfw(data_dir / "lfw")
    return in_memory(lfw.imageset(lfw.split("standard").gallery[:PHOTOGRAPHS]))


@pytest.fixture(scope="session")
def pictures(photographs):
    """The same, decoded."""
    return list(photographs)


@pytest.fixture
def peer_module():
    """Import a peer's module, or skip and say so in the table."""

    def load(name, path):
        try:
            return importlib.import_module(name)
        except Exception as error:  # whatever a half-installed package stumbles over
            pytest.skip(f"{path}: {name.partition('.')[0]} is not to be had here ({error})")

    return load


def pytest_runtest_logreport(report):
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not reason.startswith("Skipping"):  # what --benchmark-only and --benchmark-skip leave out
            _not_measured.append(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config, benchmarks, output_json):
    output_json["provenance"] = provenance()
    output_json["peers"] = {name: _version(name) for name in PEERS}
    output_json["not_measured"] = list(dict.fromkeys(_not_measured))


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
