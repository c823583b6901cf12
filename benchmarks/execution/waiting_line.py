"""The cells of a run that have not begun, handed out one by one to those who run them."""

import threading
from collections import Counter
from collections.abc import Sequence

from benchmarks.core.plan import PlannedCell


class WaitingLine:
    """Hands cells out in their order, but for those that would only wait for another.

    A timed cell has the machine for itself, and waits until all others have ended: so the timed ones come first, and
    that happens once. A cell whose encoder's rows are not stored has the encoder's lock while it makes them, and
    another of the same encoder stands still beside it: so that one is passed over as long as there is any other cell.
    """

    def __init__(self, cells: Sequence[PlannedCell]) -> None:
        self._waiting = sorted(cells, key=lambda cell: not cell.is_timed)
        self._encoders: Counter[str] = Counter()
        """Of the cells that run, how many use each encoder."""
        self._lock = threading.Lock()

    def take(self) -> PlannedCell | None:
        """The next cell, to be given back by `done`; None when there is no more."""
        with self._lock:
            if not self._waiting:
                return None
            place = next((place for place, cell in enumerate(self._waiting) if self._is_free(cell)), 0)
            cell = self._waiting.pop(place)
            self._encoders[cell.encoder_key] += _encodes(cell)
            return cell

    def done(self, cell: PlannedCell) -> None:
        """The cell has ended."""
        with self._lock:
            self._encoders[cell.encoder_key] -= _encodes(cell)

    def close(self) -> None:
        """Hand nothing out any more."""
        with self._lock:
            self._waiting.clear()

    def _is_free(self, cell: PlannedCell) -> bool:
        return not (_encodes(cell) and self._encoders[cell.encoder_key])


def _encodes(cell: PlannedCell) -> bool:
    """Whether it takes its rows from those stored; a network without its weights stores none."""
    return cell.spec.encoder is not None and cell.trained
