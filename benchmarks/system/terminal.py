"""The console that every command prints with: names and reasons that others wrote cannot command the terminal."""

import sys
import threading
from collections.abc import Iterable
from typing import Any, NoReturn

from rich import console as rich_console
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from datasets.safe_text import printable

SPEAKS_EVERY = 30.0
"""Seconds between two plain lines about what is being done, at most."""


class Console(rich_console.Console):
    """Rich's console; control characters in what is printed are written as \\x1b, and nothing is highlighted.

    Rich's highlighter takes minutes for a line of some hundred kilobytes, and colours paths and numbers at random.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"highlight": False, **settings})

    def render(
        self, renderable: rich_console.RenderableType, options: rich_console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The renderable's segments, text made printable."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or _is_plain(text) else Segment(_printable(text), style)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Text made printable before its width is measured."""
        return super().render_str(text if _is_plain(text) else _printable(text), **settings)

    def status(self, status: rich_console.RenderableType, **settings: Any) -> Status:
        """A spinner beside what is being done; in a log, a line of its own whenever that takes half a minute."""
        return SpokenStatus(status, console=self, **settings)

    def on_broken_pipe(self) -> NoReturn:
        """Rich would end the process without a word; `main` has one."""
        raise BrokenPipeError


class SpokenStatus(Status):
    """Rich's status on a terminal; anywhere else, plain lines."""

    _ended: threading.Event | None = None

    def start(self) -> None:
        """Begin to show, or to say."""
        if self.console.is_terminal:
            super().start()
        else:
            self._ended = threading.Event()
            threading.Thread(target=self._speak, args=(self._ended,), daemon=True).start()

    def stop(self) -> None:
        """Show and say nothing more."""
        if self._ended:
            self._ended.set()
        super().stop()

    def _speak(self, ended: threading.Event) -> None:
        while not ended.wait(SPEAKS_EVERY):
            self.console.print(f"    {self.status}", markup=False, soft_wrap=True)


def speak_any_encoding() -> None:
    """Standard output and error write what their encoding lacks (ASCII, Latin-1) as \\u2248, and never fail for it."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def _is_plain(text: str) -> bool:
    return text.isprintable() or text == "\n"


def _printable(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))
