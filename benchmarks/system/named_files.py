"""Files that an option names to be written: what this tool did not write is never replaced, nor one's folder changed.

The one rule of every command: a name with the right ending, outside the folder that is read, and no file there yet, an
empty one, or one that bears the signs of what the command writes. It is asked for before anything is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from datasets.errors import BenchmarkError, DataError
from datasets.reading import require_regular
from datasets.replacing import unwritable

GENERATOR = "reverse-image-search-benchmark"
"""Written into pages (as their generator) and pictures (as their software): by it they are known again."""
_HEAD = 4096
"""Bytes at a file's beginning in which its signs lie."""


class NamedFileError(BenchmarkError):
    """A file that an option names must not be written: it is somebody else's, or would lie among one's images."""


@dataclass(frozen=True)
class Form:
    """A kind of file that a command writes: its `suffixes` (none: any), and the `signs` that all lie in its head."""

    suffixes: tuple[str, ...] = ()
    signs: tuple[bytes, ...] = (GENERATOR.encode(),)


PICTURE = Form((".png",))
PAGE = Form((".html",))


def require_free(path: Path, option: str, form: Form, read: Sequence[Path] = ()) -> None:
    """Raise NamedFileError where `path`, given by `option`, must not be written; `read` are folders that are only read.

    OSError where it cannot be looked at.
    """
    where = f"{option} {path}"
    if form.suffixes and path.suffix.lower() not in form.suffixes:
        raise NamedFileError(f"{where}: name a file that ends in {' or '.join(form.suffixes)}")
    real = path.resolve()
    for folder in read:
        if folder.is_dir() and real.is_relative_to(folder.resolve()):
            raise NamedFileError(f"{where} lies in {folder}, which is only read: name a file elsewhere")
    if path.exists() and not _is_ours(path, form, where):
        raise NamedFileError(
            f"{where}: there is a file of this name that this command did not write, and it is kept: name another file"
        )
    if why := unwritable(path.parent):
        raise NamedFileError(f"{where} cannot be written there ({why}): name another place")


def require_outside(out: Path, read: Path) -> None:
    """Raise DataError where the output folder `out` lies in `read`, a folder that is only read."""
    if out.resolve().is_relative_to(read.resolve()):
        raise DataError(f"{out} lies in {read}, which is only read: name a folder elsewhere with --out")


def picture_note() -> PngInfo:
    """What to save a PNG file with, as its `pnginfo`."""
    note = PngInfo()
    note.add_text("Software", GENERATOR)
    return note


def _is_ours(path: Path, form: Form, where: str) -> bool:
    """Whether it is empty, or bears all signs of the form."""
    try:
        require_regular(path)
    except OSError as error:
        raise NamedFileError(f"{where}: cannot write to it, it {error}; name a file") from error
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return not head or all(sign in head for sign in form.signs)
