"""Pictures of odd sizes are explained like any other."""

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.reporting.explain import Neighbour, explain
from methods.registry import load_registry

SHAPES = ((1, 1), (1, 3000), (2000, 2), (40, 50))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("method", ["phash", "sift-ransac", "mtcnn-facenet", "hog"])
def test_any_two_sizes_are_drawn_side_by_side(method, shape):
    if method == "mtcnn-facenet" and find_spec("mtcnn") is None:
        pytest.skip("mtcnn is not installed")
    query, hit = np.full((*shape, 3), 200, dtype=np.uint8), np.full((64, 48, 3), 90, dtype=np.uint8)
    found = [Neighbour("a", "", 1.0), Neighbour("b", "", 0.5)]
    picture = explain(load_registry().get(method), query, hit, neighbours=found).picture
    assert picture.dtype == np.uint8 and picture.ndim == 3
    assert max(picture.shape) < 1200
