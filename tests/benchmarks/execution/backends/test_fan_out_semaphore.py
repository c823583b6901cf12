"""Callers come through in order, and no more at a time than there is room for."""

import threading

import pytest
from tests_support import wait_for

from benchmarks.execution.backends.semaphore import PrioritySemaphore


def test_low_ranks_go_first_and_never_more_than_there_is_room_for():
    semaphore, order, inside, most = PrioritySemaphore(), [], [], []
    go = threading.Event()
    arrived = threading.Semaphore(0)

    def take(rank, name):
        with semaphore.turn(rank, arrived.release):
            inside.append(name)
            most.append(len(inside))
            order.append(name)
            go.wait(10)
            inside.remove(name)

    threads = []
    for rank, name in ((1, "timed"), (0, "first"), (0, "second"), (0, "third")):
        threads.append(threading.Thread(target=take, args=(rank, name)))
        threads[-1].start()
        assert arrived.acquire(timeout=10)  # it has looked once, so it waits
    semaphore.room = 2
    wait_for(lambda: len(order) == 2)
    go.set()
    for thread in threads:
        thread.join(10)
    assert order[:2] == ["first", "second"]
    assert order[-1] == "timed"
    assert max(most) == 2


def test_one_that_gives_up_does_not_block_the_next():
    semaphore = PrioritySemaphore()

    def give_up():
        raise RuntimeError("no more patience")

    with pytest.raises(RuntimeError, match="patience"), semaphore.turn(0, give_up):
        pass
    semaphore.room = 1
    with semaphore.turn(1, lambda: None):
        pass
    with semaphore.turn(0, lambda: None):
        pass
