"""What is stored of a folder's pictures to find copies by: made once a content, beside the rows of `search`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.duplicates.frames import FRAME, FrameEncoder
from benchmarks.search.encoding import encode_missing
from benchmarks.search.gallery import Advance, Gallery
from benchmarks.search.row_store import RowStore
from methods import fingerprint
from methods.duplicates.local_rows import LOCAL, LocalEncoder, LocalPicture, local_picture
from methods.duplicates.records import unpacked

_CODE = ("benchmarks.duplicates.frames", "methods.duplicates.local_rows", "datasets.decoding")
"""The modules whose code, with what they import, decides what is stored."""
_FLAT = (0, FRAME["flat"].itemsize)
_HASHES = (_FLAT[1], _FLAT[1] + FRAME["hashes"].itemsize)
"""Where in a row they begin and end."""


def made_by(modules: Sequence[str] = (), packages: Sequence[str] = ()) -> str:
    """Names the code and libraries that decide what is stored, and `modules` and `packages` as well."""
    code = fingerprint.code_digest([*_CODE, *modules])
    return fingerprint.digest([code, fingerprint.package_versions(("cv2", "PIL", *packages))])[:16]


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
        return self._frames.columns(self.contents, *_HASHES).view("<u8")


def stored_pictures(gallery: Gallery, folder: Path, local: bool, advance: Advance) -> tuple[Stored, set[bytes]]:
    """Every decodable content of a gallery that shows more than one colour, in the gallery's order; and the flat ones.

    What `folder` lacks is made now; `local`: features as well.
    """
    made = made_by()
    frames = RowStore(folder / f"frames-{made}")
    encode_missing(FrameEncoder(), gallery, frames, advance)
    locals_ = None
    if local:
        locals_ = RowStore(folder / f"features-{made}")
        encode_missing(
            LocalEncoder(), gallery, locals_, lambda _, done, total: advance("extracting local features", done, total)
        )
    there = list(dict.fromkeys(content for _, content in gallery.entries() if content in frames))
    shows_nothing = frames.columns(there, *_FLAT)[:, 0] if there else ()
    flat = {content for content, nothing in zip(there, shows_nothing, strict=True) if nothing}
    usable = [content for content in there if content not in flat and (locals_ is None or content in locals_)]
    return Stored(usable, frames, locals_), flat
