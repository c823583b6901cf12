"""The cells of a run that have not begun, handed out one by one to those who run them."""

import threading
from collections import Counter
from collections.abc import Sequence

from benchmarks.core.plan import PlannedCell


class WaitingLine:
    """Hands cells out in their order, but for those that would only wait for another.

    A timed cell has the machine for itself, and waits until all others have ended: so the timed ones come first, and
    that happens once. What several cells need - rows of an encoder, a trained network, matches - is made by the first
    of them and kept, and another stands still beside it: so that one is passed over as long as there is any other cell.
    """

    def __init__(self, cells: Sequence[PlannedCell]) -> None:
        self._waiting = sorted(cells, key=lambda cell: not cell.is_timed)
        self._needed: Counter[str] = Counter()
        """Of the cells that run, how many need each thing that is kept."""
        self._lock = threading.Lock()

    def take(self) -> PlannedCell | None:
        """The next cell, to be given back by `done`; None when there is no more."""
        with self._lock:
            if not self._waiting:
                return None
            free = (place for place, cell in enumerate(self._waiting) if not self._needed[_need(cell)])
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
