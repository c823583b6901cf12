"""What a detector frees is held for the next image: the kernel clears no page twice."""

import ctypes
import resource

import numpy as np
import pytest

from methods.local_features.binary_features import BinaryExtractor
from methods.sift_features import SiftExtractor

EXTRACTORS = {"sift": SiftExtractor, "akaze": lambda: BinaryExtractor("akaze", 200, 128, 640)}


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="not glibc")
@pytest.mark.parametrize("name", EXTRACTORS)
def test_images_after_the_first_take_hardly_a_new_page(name):
    picture = np.random.default_rng(0).integers(0, 256, (250, 250, 3), dtype=np.uint8)
    extractor = EXTRACTORS[name]()
    for _ in range(3):
        extractor.extract(picture)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        extractor.extract(picture)
    pages = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10
    assert pages < 300  # of more than 1,000 that one image takes
