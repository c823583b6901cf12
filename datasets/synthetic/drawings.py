"""Drawn images kept on disk: what takes ten milliseconds to draw is drawn once, not in every process that reads it."""

import contextlib
import zlib
from collections.abc import Callable
from pathlib import Path

from datasets.notes import note_damage
from datasets.reading import require_regular
from datasets.records import content_hash
from datasets.replacing import write_atomically


class Drawings:
    """Encoded images below `folder`, a compressed file each, known by `version` (of the code that draws) and name."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder / version

    def read(self, name: str, draw: Callable[[], bytes]) -> bytes:
        """The bytes that `draw` gives for `name`: kept ones, or drawn now where there are none or they are damaged.

        Where nothing can be written, as in a folder of results that is only read, it is drawn each time.
        """
        path = self.folder / f"{content_hash([name])[:32]}.png.zlib"
        try:
            require_regular(path)
            return zlib.decompress(path.read_bytes())  # with a checksum of what comes out
        except (FileNotFoundError, NotADirectoryError):
            data = draw()
        except (OSError, zlib.error) as error:
            note_damage(path, error, "it is drawn again")
            data = draw()
        with contextlib.suppress(OSError), write_atomically(path, lasting=False) as file:
            file.write(zlib.compress(data, 1))
        return data
