"""The last few things a browser may come back to, each under a token that cannot be guessed."""

import secrets
from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

from datasets.errors import BenchmarkError

Thing = TypeVar("Thing")


class GoneError(BenchmarkError):
    """A token that means nothing (any more)."""


class Cache(Generic[Thing]):
    """At most `budget` of weight; the least recently used goes first."""

    def __init__(self, budget: int, what: str) -> None:
        self.budget = budget
        self.what = what
        self._things: OrderedDict[str, tuple[Thing, int]] = OrderedDict()
        self._lock = Lock()

    def put(self, thing: Thing, weight: int = 1) -> str:
        """Keep a thing; what is heavier than the budget is kept alone. Returns its token."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._things[token] = (thing, weight)
            while len(self._things) > 1 and sum(weight for _, weight in self._things.values()) > self.budget:
                self._things.popitem(last=False)
        return token

    def get(self, token: str) -> Thing:
        """The thing under a token; raises GoneError."""
        with self._lock:
            if token not in self._things:
                raise GoneError(f"this {self.what} is not kept any more: bring the picture again")
            self._things.move_to_end(token)
            return self._things[token][0]
