"""The cells of a run that have not begun, handed out one by one to those who run them."""

import threading
from collections import Counter
from collections.abc import Sequence

from benchmarks.core.plan import PlannedCell


class WaitingLine:
    """Hands cells out in three turns (see `_turn`), each in its order, but for those that would only wait for another.

    What several cells need - rows of an encoder, a trained network, matches - is made by the first of them and kept,
    and another stands still beside it: so that one is passed over as long as there is any other cell of its turn.
    """

    def __init__(self, cells: Sequence[PlannedCell]) -> None:
        self._waiting = sorted(cells, key=_turn)
        self._needed: Counter[str] = Counter()
        """Of the cells that run, how many need each thing that is kept."""
        self._lock = threading.Lock()

    def take(self) -> PlannedCell | None:
        """The next cell, to be given back by `done`; None when there is no more."""
        with self._lock:
            if not self._waiting:
                return None
            turn = [cell for cell in self._waiting if _turn(cell) == _turn(self._waiting[0])]
            free = (place for place, cell in enumerate(turn) if not self._needed[_need(cell)])
            cell = self._waiting.pop(next(free, 0))
            self._needed.update(filter(None, [_need(cell)]))
            return cell

    def done(self, cell: PlannedCell) -> None:
        """The cell has ended."""
        with self._lock:
            self._needed.subtract(filter(None, [_need(cell)]))

    def close(self) -> None:
        """Hand nothing out any more."""
        with self._lock:
            self._waiting.clear()


def _turn(cell: PlannedCell) -> int:
    """When a cell has its turn; a timed one has the machine for itself, and waits until all others have ended.

    First the timed ones of methods that learn or extract features by themselves: the seconds of that are a figure, so
    it is not to be left to a cell that runs beside others. Last those of encoders, whose seconds are measured on a
    sample: most rows are there by then, made by cells that ran side by side.
    """
    if not cell.is_timed:
        return 1
    return 2 if cell.spec.method is None else 0


def _need(cell: PlannedCell) -> str:
    """What a cell makes unless it is there, by a name that cells with the same need share; "" for nothing.

    That is its encoder's rows - a network without its weights stores none -, or what a method's module makes of a data
    set's images: networks of one module share their training, SIFT's rows their matches.
    """
    if cell.spec.method is None:
        return cell.encoder_key if cell.trained else ""
    target = cell.spec.method.target
    module = target.partition(":")[0] if isinstance(target, str) else target.__module__
    return f"{module} {cell.cell.dataset}:{cell.cell.subset}"
