"""What a server tells to other machines holds no place on its own: a folder is named by the end of its path."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets.reading import expanded
from datasets.safe_text import visible

_ABSOLUTE = re.compile(r"(?<![\w./~-])/(?:[^\s/'\"()<>|;,]+/)*([^\s/'\"()<>|;,]+)/?")
_OWN = frozenset(("hits", "picture", "name"))
"""Keys of answers that hold no text of the server: paths below a gallery, a picture, the name that was sent."""


class Hiding:
    """Takes places out of texts; `folders` are those known by name, which may hold blanks."""

    def __init__(self, folders: Iterable[Path | str | None]) -> None:
        texts = {str(folder) for folder in folders if folder}
        texts |= {str(expanded(text).absolute()) for text in texts if "://" not in text}
        spelled = {each for text in texts for each in (text, visible(text)) if each.startswith("/") and each != "/"}
        self._folders = sorted(spelled, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text, each absolute path in it as its last part alone."""
        for folder in self._folders:
            text = text.replace(folder, folder.rstrip("/").rpartition("/")[2])
        return _ABSOLUTE.sub(lambda found: found[1], text)

    def document(self, document: Any, key: str = "") -> Any:
        """The same of every text in plain data, but for those that are not the server's own."""
        if key in _OWN:
            return document
        if isinstance(document, str):
            return self.text(document)
        if isinstance(document, dict):
            return {name: self.document(value, name) for name, value in document.items()}
        if isinstance(document, list | tuple):
            return [self.document(value) for value in document]
        return document


def short_titles(titles: Iterable[str]) -> list[str]:
    """The end of each title that is a path, numbered where two would be alike."""
    shown: list[str] = []
    for title in titles:
        short = title.rstrip("/").rpartition("/")[2] if title.startswith("/") else title
        alike = sum(each == short or each.startswith(f"{short} (") for each in shown)
        shown.append(f"{short} ({alike + 1})" if alike else short)
    return shown
