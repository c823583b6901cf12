"""A run as a person sees it: live lines on a terminal, plain lines anywhere else."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchmarks.core.plan import PlannedCell
from benchmarks.core.store import Store
from benchmarks.execution.forecast import Forecast
from benchmarks.execution.runner import Observer
from benchmarks.execution.worker import PROGRESS
from benchmarks.rows.cell import CellResult
from benchmarks.system.terminal import SPEAKS_EVERY, Console
from datasets.words import count_of, duration
from methods import progress

_COLOURS = {"ok": "green", "unavailable": "yellow"}
WAITING = "waiting for the first cell to start (its libraries are loaded first)"
"""Shown before any cell runs: on a busy machine, importing the libraries of all methods takes minutes."""


class Watch:
    """What is known of a run at any moment: cells done and running, how far each has come, seconds left."""

    def __init__(self, expected: Mapping[PlannedCell, float], store: Store, jobs: int) -> None:
        self.store = store
        self.total = len(expected)
        self.done = 0
        self.began = time.monotonic()
        self.forecast = Forecast(expected, jobs)
        self._running: dict[PlannedCell, float] = {}
        self._started = False
        self._lock = threading.Lock()

    def started(self, planned: PlannedCell) -> None:
        """A cell has begun."""
        with self._lock:
            self._started = True
            self._running[planned] = time.monotonic()
            self.forecast.started(planned)

    def finished(self, planned: PlannedCell) -> None:
        """A cell has ended."""
        with self._lock:
            self._running.pop(planned, None)
            self.forecast.finished(planned)
            self.done += 1

    def lines(self) -> list[tuple[str, str]]:
        """Title and state of each cell that runs: how far it has come where it says so, and since when."""
        with self._lock:
            running = dict(self._running)
            waiting = not running and not self._started
        if waiting:
            return [(WAITING, duration(time.monotonic() - self.began))]
        return [(planned.cell.title, self._state(planned, since)) for planned, since in running.items()]

    def left(self) -> str:
        """About how long the rest takes."""
        with self._lock:
            return f"about {duration(self.forecast.left)} left"

    def _state(self, planned: PlannedCell, since: float) -> str:
        said = [duration(time.monotonic() - since)]
        for workdir in self.store.workdirs(planned.cell):
            if state := progress.read(workdir / PROGRESS):
                said.insert(0, told(state))
        return ", ".join(said)


def told(state: progress.Progress) -> str:
    """How far a piece of work is, and how long the rest of it takes: "3,200 of 13,233 images encoded (24 %), ..."."""
    if not state.total:
        return state.what
    return share(state, state.what)


def share(state: progress.Progress, what: str = "") -> str:
    """ "3,200 of 13,233 `what` (24%, about 4 min more)"; the time where there is a pace to tell it from."""
    left = "" if state.left is None else f", about {duration(state.left)} more"
    counted = f"{state.done:,} of {state.total:,} {what}".rstrip()
    return f"{counted} ({state.done / state.total:.0%}{left})"


class PlainObserver:
    """One line when a cell starts, one when it ends, and one now and then while none does: for logs."""

    def __init__(self, console: Console, watch: Watch) -> None:
        self.console = console
        self.watch = watch
        self.count = 0
        self.spoke = time.monotonic()
        self.silent = threading.Event()

    def started(self, planned: PlannedCell, pid: int) -> None:
        """Print the cell and its process id."""
        self.watch.started(planned)
        self.count += 1
        self._say(f"[{self.count}/{self.watch.total}] {planned.cell.title} (pid {pid})")

    def finished(self, planned: PlannedCell, row: CellResult) -> None:
        """Print how it ended."""
        self.watch.finished(planned)
        reason = f": {row['reason']}" if row["reason"] else ""
        self._say(f"    {planned.cell.title}: {_word(row)} after {row['wall_s']:.1f} s{reason}")

    def keep_talking(self, every: float = SPEAKS_EVERY) -> None:
        """Say what runs, and how far it is, whenever nothing has been said for `every` seconds; until `silent`."""
        while not self.silent.wait(max(0.0, self.spoke + every - time.monotonic())):
            if time.monotonic() - self.spoke < every:
                continue
            for title, state in self.watch.lines():
                self._say(f"    {title}: {state}")
            self._say(f"    {self.watch.done} of {count_of(self.watch.total, 'cell')} done, {self.watch.left()}")

    def _say(self, line: str) -> None:
        self.spoke = time.monotonic()
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveObserver:
    """A progress bar with the running cells below finished ones."""

    def __init__(self, console: Console, watch: Watch) -> None:
        self.console = console
        self.watch = watch

    def started(self, planned: PlannedCell, pid: int) -> None:
        """Show the cell as running."""
        self.watch.started(planned)

    def finished(self, planned: PlannedCell, row: CellResult) -> None:
        """Move the cell from running to the lines above."""
        self.watch.finished(planned)
        line = Text.assemble(
            (f"{_word(row):>11}", _COLOURS.get(row["status"], "red")),
            f" {planned.cell.title} ",
            (f"{row['wall_s']:.1f} s", "dim"),
            (f" {row['reason']}" if row["reason"] else "", "dim"),
        )
        self.console.print(line)

    def view(self) -> RenderableType:
        """The lines below the finished cells: whole names, a cell's state on a line of its own where it must."""
        watch = self.watch
        head = Table.grid(padding=(0, 1))
        head.add_row(
            ProgressBar(total=watch.total, completed=watch.done, width=20),
            f"{watch.done}/{count_of(watch.total, 'cell')}, {duration(time.monotonic() - watch.began)}, {watch.left()}",
        )
        return Group(*[_running_line(*line, self.console.width) for line in watch.lines()], head)


def _running_line(title: str, state: str, width: int) -> Text:
    gap = "  " if len(title) + len(state) + 4 <= width else "\n    "
    return Text.assemble("  ", title, gap, (state, "dim"), overflow="fold")


@contextmanager
def observing(console: Console, expected: Mapping[PlannedCell, float], store: Store, jobs: int) -> Iterator[Observer]:
    """The observer that suits the console, of cells that should take `expected` seconds each."""
    watch = Watch(expected, store, jobs)
    if console.is_terminal:
        live = LiveObserver(console, watch)
        with Live(get_renderable=live.view, console=console, refresh_per_second=2, transient=True):
            yield live
        return
    plain = PlainObserver(console, watch)
    talking = threading.Thread(target=plain.keep_talking, daemon=True)
    talking.start()
    try:
        yield plain
    finally:
        plain.silent.set()
        talking.join()


def _word(row: CellResult) -> str:
    return "untrained" if row["status"] == "ok" and not row["trained"] else row["status"]
