"""Every encoder of the catalogue on one batch of decoded photographs; random weights where there are no others."""

import json
import os
from pathlib import Path

import pytest
from paired import alone

from methods.building import Surroundings, build_encoder
from methods.catalogue import CATALOGUE
from methods.fingerprint import describe
from methods.weights import find_weights

# Rows that share an encoder share its speed: the first names it.
ENCODERS = list({json.dumps(describe(spec.encoder)): spec for spec in reversed(CATALOGUE) if spec.encoder}.values())[
    ::-1
]


@pytest.mark.parametrize("spec", ENCODERS, ids=lambda spec: spec.id)
def test_encoding_a_batch(benchmark, pictures, spec):
    folder = os.environ.get("RIS_WEIGHTS")
    found = next(filter(None, (find_weights(name, Path(folder) if folder else None) for name in spec.weights)), None)
    if found is None and (spec.network_in_file or spec.id == "dlib-resnet"):
        pytest.skip(f"encode, {spec.id}: its network is not here, and it cannot run without it")
    encoder = build_encoder(spec, Surroundings(weights=found.path if found else None))
    batch = pictures[: encoder.batch_size]
    state = "" if found or not spec.weights else ", random weights"
    path = f"encode, {spec.id}, batch of {len(batch)}{state}"
    alone(benchmark, path, lambda: encoder.encode(batch), items=len(batch), unit="image")
