"""A log is cut while a process writes to it: what it writes then is not cut with the rest."""

import io
from types import SimpleNamespace

import pytest

from benchmarks.system.logs import LARGEST, trim


@pytest.mark.parametrize("moment", ["read", "write"])
def test_a_line_that_is_written_while_a_log_is_cut_stays(tmp_path, moment):
    log = tmp_path / "log.txt"
    log.write_bytes(b"the beginning\n" + b"x" * 2 * LARGEST)

    class Disturbed(io.BufferedRandom):
        """Another process appends once this file has been read, or written, for the first time."""

        said = False

        def _say(self):
            if not self.said:
                self.said = True
                with log.open("ab") as other:
                    other.write(b"\nValueError: flooded\n")

        def read(self, *arguments):
            data = super().read(*arguments)
            if moment == "read":
                self._say()
            return data

        def write(self, data):
            written = super().write(data)
            if moment == "write":
                self._say()
            return written

    trim(SimpleNamespace(open=lambda mode: Disturbed(io.FileIO(log, "r+"))))
    text = log.read_text()
    assert text.startswith("the beginning") and "bytes of the log left out" in text
    assert text.endswith("x\nValueError: flooded\n")
    assert len(text) < LARGEST
