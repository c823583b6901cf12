"""Work on many rows, split among threads that take the next piece whenever they are free.

BLAS splits a product over its threads as well, but into equal parts, and they meet at its end and spin there: on a
machine that does anything else, a millisecond becomes ten.
"""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread

import numpy as np

from methods.small_products import blas_threads

PIECE = 1 << 22
"""Bytes of a piece: less is not worth waking another thread for, and much more is not shared out evenly."""


class RowParts:
    """`rows` rows of `nbytes` bytes in all, in pieces (of `piece` bytes, about) for as many threads as BLAS may use.

    That number is read when the rows are taken.
    """

    def __init__(self, rows: int, nbytes: int, piece: int | None = None) -> None:
        bounds = np.linspace(0, rows, max(1, nbytes // (piece or PIECE)) + 1, dtype=int).tolist()
        self.pieces = list(pairwise(bounds))
        self._helpers = min(blas_threads(), len(self.pieces)) - 1

    @property
    def is_whole(self) -> bool:
        """Whether all rows are one piece, which the caller's thread works on alone."""
        return len(self.pieces) == 1

    def run(self, work: Callable[[int, int], object]) -> None:
        """Call `work(start, stop)` for every piece; for threads to help, it must let go of Python's lock."""
        pieces, ended = iter(self.pieces), SimpleQueue[BaseException | None]()

        def help_out() -> None:
            for piece in pieces:
                try:
                    work(*piece)
                except BaseException as failure:
                    ended.put(failure)
                else:
                    ended.put(None)

        for _ in range(self._helpers):
            _helped(self._helpers).put(help_out)
        own = 0
        for piece in pieces:
            work(*piece)
            own += 1
        # A helper that has yet to wake up holds no piece, and is not waited for.
        for _ in range(len(self.pieces) - own):
            if failure := ended.get():
                raise failure


@cache
def _helped(threads: int) -> SimpleQueue[Callable[[], None]]:
    """What is put in is done by one of so many threads; started when first needed, so that a fork inherits none.

    A pool of concurrent.futures would do, but adds some 60 microseconds to the 400 of a query's products.
    """
    queue = SimpleQueue[Callable[[], None]]()

    def serve() -> None:
        while True:
            queue.get()()

    for number in range(threads):
        Thread(target=serve, name=f"row-parts-{number}", daemon=True).start()
    return queue
