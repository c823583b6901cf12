"""What tests of every floor share: where the real images and weights lie, if they are here."""

import os
import uuid
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of the machine, and of what it imports first, than of the code.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# Inherited by every process that these tests start: they look at those alone, and other runs may go on beside them.
os.environ["RIS_TESTS"] = f"tests-{uuid.uuid4().hex[:12]}"


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
