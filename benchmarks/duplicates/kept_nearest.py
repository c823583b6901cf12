"""Each picture's nearest others by one method are kept: a folder that did not change is not searched again.

They are kept now and then while they are being found, too, so that an interrupted call goes on where it was.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.duplicates.nearest import Nearest
from benchmarks.system.files import DamagedFile, if_intact, read_arrays, write_atomically

_NAMES = ("contents", "others", "scores", "known")
_DIGEST_BYTES = 32


@dataclasses.dataclass(frozen=True, eq=False)
class KeptNearest:
    """The file below `folder` for what `method` found, which `made_by` names with all that it depends on."""

    folder: Path
    method: str
    made_by: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / f"{self.method}-{self.made_by}.npz"

    def read(self, depth: int) -> tuple[list[bytes], Nearest] | None:
        """Contents and the `depth` nearest of each; None where nothing is kept, or it is damaged, which is noted."""
        return if_intact(lambda path: _read(path, depth), self.path)

    def write(self, contents: Sequence[bytes], nearest: Nearest) -> None:
        """Keep them, as far as they are known, in the place of what an older version of the method found."""
        for older in self.folder.glob(f"{self.method}-{'[0-9a-f]' * len(self.made_by)}.npz"):
            if older != self.path:
                older.unlink(missing_ok=True)
        packed = np.frombuffer(b"".join(contents), np.uint8).reshape(-1, _DIGEST_BYTES)
        with write_atomically(self.path) as file:
            np.savez(file, contents=packed, others=nearest.others, scores=nearest.scores, known=nearest.known)


def _read(path: Path, depth: int) -> tuple[list[bytes], Nearest] | None:
    arrays = read_arrays(path, _NAMES)
    if arrays is None:
        return None
    packed, others, scores, known = (arrays[name] for name in _NAMES)
    shape = (len(packed), depth)
    sound = packed.dtype == np.uint8 and packed.shape[1:] == (_DIGEST_BYTES,)
    sound &= others.dtype == np.int32 and scores.dtype == np.float32 and others.shape == scores.shape == shape
    sound &= known.dtype == np.bool_ and known.shape == shape[:1]
    if not sound or not np.all((others >= -1) & (others < len(packed))):
        raise DamagedFile(path, f"{packed.shape} contents, {others.shape} neighbours, {scores.shape} scores")
    return [row.tobytes() for row in packed], Nearest(others, scores, known)
