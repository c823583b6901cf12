"""What is stored of a folder's pictures to find copies by: made once a content, beside the rows of `search`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.duplicates.frames import FRAME, FrameEncoder, unpacked
from benchmarks.duplicates.local_rows import LOCAL, LocalEncoder, LocalPicture, local_picture
from benchmarks.search.encoding import encode_missing
from benchmarks.search.gallery import Advance, Gallery
from benchmarks.search.row_store import RowStore
from methods import fingerprint

_CODE = ("benchmarks.duplicates.frames", "benchmarks.duplicates.local_rows", "datasets.decoding")
"""The modules whose code, with what they import, decides what is stored."""


class Stored(Sequence[LocalPicture]):
    """Frames, and where they were made local features, of contents by position; read from disk when they are asked."""

    def __init__(self, contents: Sequence[bytes], frames: RowStore, locals_: RowStore | None) -> None:
        self.contents = contents
        self._frames = frames
        self._locals = locals_

    def __len__(self) -> int:
        return len(self.contents)

    def __getitem__(self, position):  # type: ignore[no-untyped-def, override]
        """Features and grey picture of one content."""
        if self._locals is None:
            raise LookupError("no local features were made of these pictures")
        return local_picture(unpacked(self._locals.row(self.contents[position]), LOCAL))

    def thumbnail(self, position: int) -> np.ndarray:
        """The whole frame squeezed into a square: (64, 64) uint8."""
        return unpacked(self._frames.row(self.contents[position]), FRAME)["thumbnail"]

    def hashes(self) -> np.ndarray:
        """Of every content: (n, 8) uint64."""
        return np.array([unpacked(self._frames.row(content), FRAME)["hashes"] for content in self.contents])


def stored_pictures(gallery: Gallery, folder: Path, local: bool, advance: Advance) -> tuple[Stored, set[bytes]]:
    """Every decodable content of a gallery that shows more than one colour, in the gallery's order; and the flat ones.

    What `folder` lacks is made now; `local`: features as well.
    """
    made_by = fingerprint.digest([fingerprint.code_digest(_CODE), fingerprint.package_versions(("cv2", "PIL"))])[:16]
    frames = RowStore(folder / f"frames-{made_by}")
    encode_missing(FrameEncoder(), gallery, frames, advance)
    locals_ = None
    if local:
        locals_ = RowStore(folder / f"features-{made_by}")
        encode_missing(
            LocalEncoder(), gallery, locals_, lambda _, done, total: advance("extracting local features", done, total)
        )
    there = dict.fromkeys(content for _, content in gallery.entries() if content in frames)
    flat = {content for content in there if unpacked(frames.row(content), FRAME)["flat"]}
    usable = [content for content in there if content not in flat and (locals_ is None or content in locals_)]
    return Stored(usable, frames, locals_), flat
