"""That mutations can be repeated, and that a fault would be seen (see fuzzing.py)."""

import random

import pytest

from tests.fuzz.fuzzing import _read
from tests.fuzz.kinds import Kind
from tests.fuzz.mutations import mutated


def test_mutations_depend_on_the_seed_alone():
    examples = [b'{"a": {"b": [1, 2]}, "checksum": "x"}', bytes(range(256))]
    for data in examples:
        one, other = ([mutated(random.Random(f"{seed}"), data, examples) for seed in range(200)] for _ in range(2))
        assert one == other
        assert len(set(one)) > 100


@pytest.mark.parametrize("error, fault", [(KeyError("x"), "KeyError at"), (MemoryError(), "MemoryError at")])
def test_a_reader_that_raises_anything_else_is_a_fault(tmp_path, error, fault):
    path = tmp_path / "file"
    path.write_bytes(b"valid")

    def read():
        raise error

    assert _read(Kind("bad", 1, path, [b"valid"], read), b"damaged").startswith(fault)
    assert path.read_bytes() == b"valid"
