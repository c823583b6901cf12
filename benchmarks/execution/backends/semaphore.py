"""Who goes next, when there is room for few."""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK = 2.0
"""Seconds between two looks of one that waits."""


class PrioritySemaphore:
    """Lets callers through, `room` at a time: the lowest rank first, then whoever came first."""

    def __init__(self) -> None:
        self._room = 0
        self._through = 0
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    @property
    def room(self) -> int:
        """How many may be through at a time; may change at any moment."""
        return self._room

    @room.setter
    def room(self, room: int) -> None:
        with self._changed:
            self._room = room
            self._changed.notify_all()

    @contextmanager
    def turn(self, rank: int, look: Callable[[], None]) -> Iterator[None]:
        """Wait for a turn and have it; `look` is called now and then until it comes, and may raise to give it up."""
        ticket = (rank, next(self._numbers))
        with self._changed:
            heapq.heappush(self._waiting, ticket)
        try:
            look()
            while not self._next(ticket):
                look()
        finally:
            with self._changed:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    heapq.heapify(self._waiting)
        try:
            yield
        finally:
            with self._changed:
                self._through -= 1
                self._changed.notify_all()

    def _next(self, ticket: tuple[int, int]) -> bool:
        with self._changed:
            if self._through < self._room and self._waiting[0] == ticket:
                heapq.heappop(self._waiting)
                self._through += 1
                self._changed.notify_all()
                return True
            self._changed.wait(_LOOK)
            return False
