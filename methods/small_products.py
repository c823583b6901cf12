"""Many small matrix products are fastest on one thread.

Two threads on a product of a few hundred rows spend their time waiting for each other, and on a busy machine they wait
for whole time slices: seconds become minutes.
"""

from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[object]:
    """A block in which BLAS computes on the calling thread alone."""
    return _controller().limit(limits=1, user_api="blas")


def blas_threads() -> int:
    """How many threads BLAS may use now."""
    return max((library["num_threads"] for library in _controller().info() if library["user_api"] == "blas"), default=1)


@cache
def _controller() -> "ThreadpoolController":
    # Looking for the loaded libraries takes milliseconds, so it is done once.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
