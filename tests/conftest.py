"""What tests of every floor share: where the real images and weights lie, if they are here."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of the machine, and of what it imports first, than of the code.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# Inherited by every process that these tests start: they look at those alone, and other runs may go on beside them.
os.environ["RIS_TESTS"] = f"tests-{uuid.uuid4().hex[:12]}"

# A drawn face takes 26 ms: the same few hundred are drawn once for all tests, not in each one's folder of results.
_DRAWN_HERE = "RIS_DRAWINGS" not in os.environ  # workers of pytest-xdist have it from the process that started them
if _DRAWN_HERE:
    os.environ["RIS_DRAWINGS"] = tempfile.mkdtemp(prefix="drawings-of-tests-")


def pytest_unconfigure() -> None:
    if _DRAWN_HERE:
        shutil.rmtree(os.environ["RIS_DRAWINGS"], ignore_errors=True)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return _folder("RIS_DATA", "real images")


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    return _folder("RIS_WEIGHTS", "real weights")


def _folder(variable: str, what: str) -> Path:
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} is not set: no {what} here")
    if not Path(path).is_dir():
        pytest.fail(f"{variable}={path} is no folder")
    return Path(path)
