"""A checksum inside a JSON record: a value that changed on disk is seen before it is believed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "checksum"
"""The key it lies under."""


def sealed(record: Mapping[str, object]) -> dict[str, object]:
    """The record with its checksum; raises ValueError for what JSON cannot hold."""
    return {**record, SEAL: _digest(json.loads(json.dumps(record, allow_nan=False)))}


def unsealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without its checksum; raises ValueError where that differs. One of an older version has none."""
    rest = {key: value for key, value in record.items() if key != SEAL}
    if SEAL in record and record[SEAL] != _digest(rest):
        raise ValueError("its checksum differs")
    return rest


def _digest(record: object) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
