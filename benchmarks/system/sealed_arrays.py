"""Arrays in .npy files with a checksum behind them: mapped only once every byte is known to be as it was written.

numpy reads an array and no further, so the checksum is in nobody's way.
"""

import struct
import zlib
from pathlib import Path

import numpy as np

from benchmarks.system.files import write_atomically
from datasets.reading import require_regular

_SEAL = struct.Struct("<8sQI")
"""Behind the array: a word, how many bytes lie before it, and their CRC-32."""
_WORD = b"RISROWS2"
_OLD_WORD = b"RISROWS1"
"""Of a version whose checksums did not say whose rows they are of."""
_BLOCK = 1 << 24


def write_sealed(path: Path, array: np.ndarray, owner: str) -> None:
    """Write `array` whole with its checksum, which also covers whose it is."""
    with write_atomically(path) as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        file.write(_SEAL.pack(_WORD, *_checksum(Path(file.name), owner)))


def map_array(path: Path) -> np.ndarray:
    """The array in `path`, mapped read-only; raises one of UNREADABLE where there is none."""
    require_regular(path)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def require_sealed(path: Path, owner: str) -> None:
    """Raise ValueError where a byte of the file is another than was written, or it is not `owner`'s; reads all of it.

    Raises OSError for what is not there, or is no regular file.
    """
    require_regular(path)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SEAL.size))
        end = file.read()
    word, length, crc = _SEAL.unpack(end) if len(end) == _SEAL.size else (b"", 0, 0)
    if word not in (_WORD, _OLD_WORD):
        raise ValueError("it has no checksum")
    if (length, crc) != _checksum(path, "" if word == _OLD_WORD else owner, _SEAL.size):
        raise ValueError("its checksum differs")


def _checksum(path: Path, owner: str, without: int = 0) -> tuple[int, int]:
    """Size and CRC-32 of a file but for its last bytes; the CRC begins with whose it is."""
    left, crc = path.stat().st_size - without, zlib.crc32(owner.encode())
    size = left
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            crc, left = zlib.crc32(block, crc), left - len(block)
    return size, crc
