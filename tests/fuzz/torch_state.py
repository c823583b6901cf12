"""A PyTorch state dict, written without PyTorch."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "methods"))

from torch_files import Stored, Tensor, write_state


def torch_state() -> bytes:
    """The bytes of one of two tensors."""
    kernel, bias = Stored("0", np.arange(12, dtype=np.float32)), Stored("1", np.arange(3, dtype=np.float32))
    state = {"kernel": Tensor(kernel, (4, 3), (3, 1)), "bias": Tensor(bias, (3,), (1,))}
    with tempfile.TemporaryDirectory() as folder:
        return write_state(Path(folder, "x.pth"), state, [kernel, bias], pytest.MonkeyPatch()).read_bytes()
