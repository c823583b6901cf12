"""What lies in a folder of images and is not read: counted by kind, so that it can be said."""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from datasets.decoding import HAS_HEIF
from datasets.safe_text import visible
from datasets.words import count_of

HEIF = frozenset((".heic", ".heif", ".hif"))
"""Read where the package pillow-heif is installed."""
SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif")) | (
    HEIF if HAS_HEIF else frozenset()
)
_SHOWN = 6
"""Kinds that are named; the others are counted together."""
_OUTPUT_FOLDERS = ("cells", "cache", "runs")
_OUTPUT_FILES = (("overview.csv", "overview.md"), ("catalogue.sqlite",))
_INSIDE_OUTPUT = (*_OUTPUT_FOLDERS, "pictures", "recommend", "report")
_OUTPUT_PICTURE = re.compile(r"(.+-(contact-sheet|retrieval|unseen-classes|det)|scaling|indexes|at-a-glance)\.png")
_WRITTEN = re.compile(
    rf"{_OUTPUT_PICTURE.pattern}|(overview|retrieval|scaling|indexes|engines|latency|streaming|sharding|projection|claims)"
    r"\.(md|csv|tex)|.+-(retrieval|unseen-classes|verification|identification|robustness|copies)\.(md|csv|tex)|"
    "report|pictures|recommend"
)
"""Names in an output folder."""
_NOT_COUNTED = ("ORIGIN.toml", "Thumbs.db", "desktop.ini", "queries.csv", "pairs.csv")
"""A data folder's own note and lists, and what file managers leave."""


@dataclass
class PassedOver:
    """Counts of what was passed over. `kinds` are suffixes ("" for none), `outputs` paths that this tool wrote."""

    kinds: Counter[str] = field(default_factory=Counter)
    linked_folders: int = 0
    links: int = 0
    """To files outside the folder, or to nothing."""
    outputs: list[str] = field(default_factory=list)

    def takes_no_file(self, name: str) -> bool:
        """Whether a file of this name is no image by its suffix; then it is counted, unless it is hidden."""
        suffix = Path(name).suffix.lower()
        if suffix in SUFFIXES and not name.startswith("."):
            return False
        self.count(name)
        return True

    def count(self, name: str) -> None:
        """Count a file that is not taken, unless it is hidden or belongs to a file manager."""
        if not name.startswith(".") and name not in _NOT_COUNTED:
            self.kinds[Path(name).suffix.lower()] += 1

    def words(self) -> list[str]:
        """Everything passed over, a phrase for each reason."""
        phrases = []
        if self.kinds:
            first = sorted(self.kinds.items(), key=lambda kind: (kind[0] not in HEIF, -kind[1], kind[0]))
            named = [_kind(suffix, count) for suffix, count in first[:_SHOWN]]
            if others := sum(count for _, count in first[_SHOWN:]):
                named.append(f"{others:,} of other kinds")
            phrases.append(f"{count_of(self.kinds.total(), 'file')} passed over: {', '.join(named)}")
        if self.linked_folders:
            phrases.append(
                f"{count_of(self.linked_folders, 'linked folder')} passed over: links to folders are not followed"
            )
        if self.links:
            phrases.append(f"{count_of(self.links, 'link')} to files elsewhere, or to none, passed over")
        if self.outputs:
            more = [f"and {len(self.outputs) - _SHOWN:,} more"] if len(self.outputs) > _SHOWN else []
            phrases.append(f"left out as written by this tool: {', '.join([*self.outputs[:_SHOWN], *more])}")
        return phrases


def is_output(folder: Path) -> bool:
    """Whether a folder holds what this tool wrote: cells and tables, published tables, or an index."""
    if all((folder / name).is_dir() for name in _OUTPUT_FOLDERS):
        return True
    return any(all((folder / name).is_file() for name in names) for names in _OUTPUT_FILES)


def is_output_in(name: str, directory: bool) -> bool:
    """Whether an entry of an output folder is one that this tool writes: it may stand among images itself."""
    return name in _INSIDE_OUTPUT if directory else bool(_OUTPUT_PICTURE.fullmatch(name))


def others_output(folder: Path) -> list[str]:
    """Names in a folder that output would replace, where none of it is there yet: they are somebody else's files."""
    if not folder.is_dir() or any((folder / name).is_dir() for name in _OUTPUT_FOLDERS):
        return []
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if _WRITTEN.fullmatch(entry.name))


def _kind(suffix: str, count: int) -> str:
    shown = visible(suffix) if suffix else "without a suffix"
    need = " (pillow-heif is needed: pip install pillow-heif)" if suffix in HEIF else ""
    return f"{count:,} {shown}{need}"
