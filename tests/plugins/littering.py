"""Methods that leave things in the temporary folder, and end in ways that remove nothing."""

import os
import signal
import tempfile
from multiprocessing import util

import numpy as np

from methods.spec import MethodSpec, Part


class Littering:
    """Pixels of a corner; leaves a file and multiprocessing's own folder, then ends as it is told."""

    batch_size = 8

    def __init__(self, end: str) -> None:
        self.end = end

    def encode(self, images):
        with tempfile.NamedTemporaryFile(prefix="__littering", delete=False) as file:
            file.write(b"litter")
        util.get_temp_dir()
        assert os.environ["TMPDIR"] == tempfile.gettempdir()
        if self.end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        return np.array([image[:2, :2].ravel() for image in images], dtype=np.float32)


METHODS = [
    MethodSpec(
        id=f"littering-{end}",
        family="pixels",
        summary=f"leaves temporary files, {end}",
        source="tests",
        encoder=Part("littering:Littering", {"end": end}),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": "l2"}),
    )
    for end in ("well", "killed")
]
