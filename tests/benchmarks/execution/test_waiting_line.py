"""Cells are handed out once each, in order; those that would wait for another's work when there is nothing else."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from benchmarks.execution.waiting_line import WaitingLine
from methods.spec import Part


def cell(name, encoder="", *, method=None, trained=True, timed=False, dataset="lfw"):
    spec = SimpleNamespace(method=Part(method) if method else None)
    where = SimpleNamespace(dataset=dataset, subset="smoke")
    return SimpleNamespace(
        name=name, encoder_key=encoder or name, trained=trained, spec=spec, is_timed=timed, cell=where
    )


def names(line, count):
    return [each and each.name for each in (line.take() for _ in range(count))]


def test_a_cell_of_an_encoder_that_is_in_use_is_passed_over():
    cells = [cell("faces", "F"), cell("faces-kdtree", "F"), cell("hash", "H"), cell("words"), cell("words-2")]
    line = WaitingLine(cells)
    assert names(line, 4) == ["faces", "hash", "words", "words-2"]
    assert names(line, 2) == ["faces-kdtree", None]  # better to wait for rows than to do nothing


def test_it_has_its_turn_once_the_rows_are_there():
    faces = [cell(name, "F") for name in ("faces", "faces-kdtree", "faces-brute")]
    cells = [*faces, cell("hash", "H"), cell("h2", "H")]
    line = WaitingLine(cells)
    assert names(line, 2) == ["faces", "hash"]
    line.done(cells[0])
    assert names(line, 1) == ["faces-kdtree"]
    line.done(cells[3])
    assert names(line, 2) == ["h2", "faces-brute"]


def test_networks_without_weights_store_no_rows_to_wait_for():
    line = WaitingLine([cell("a", "N", trained=False), cell("b", "N", trained=False), cell("c")])
    assert names(line, 3) == ["a", "b", "c"]


def test_methods_of_one_module_share_what_they_make_of_the_same_images():
    line = WaitingLine(
        [
            cell("net", method="methods.net:Embedding"),
            cell("net-softmax", method="methods.net:Softmax"),
            cell("own", method=SimpleNamespace),
            cell("own-2", method=SimpleNamespace),
            cell("net elsewhere", method="methods.net:Embedding", dataset="cifar10"),
        ]
    )
    assert names(line, 3) == ["net", "own", "net elsewhere"]
    assert names(line, 2) == ["net-softmax", "own-2"]


def test_timed_cells_come_first_where_they_learn_and_last_where_others_make_their_rows():
    """Each kind in one go: for a cell that is to be alone all others have to end."""
    line = WaitingLine(
        [
            cell("faces", timed=True),
            cell("faces-copies"),
            cell("net", method="methods.net:Net", timed=True),
            cell("net-copies", method="methods.net:Net"),
            cell("hash", timed=True),
        ]
    )
    assert names(line, 6) == ["net", "faces-copies", "net-copies", "faces", "hash", None]


def test_a_cell_that_would_wait_for_another_is_not_passed_over_for_one_of_a_later_turn():
    line = WaitingLine([cell("faces", "F"), cell("faces-copies", "F"), cell("hash", "H", timed=True)])
    assert names(line, 3) == ["faces", "faces-copies", "hash"]


def test_nothing_is_handed_out_once_it_is_closed():
    line = WaitingLine([cell("a"), cell("b")])
    assert names(line, 1) == ["a"]
    line.close()
    assert names(line, 1) == [None]


@pytest.mark.parametrize("takers", [1, 2, 5])
def test_every_cell_is_handed_out_once(takers):
    line = WaitingLine([cell(str(number), "ABC"[number % 3]) for number in range(60)])

    def taken(_):
        mine = []
        while each := line.take():
            mine.append(each.name)
            line.done(each)
        return mine

    with ThreadPoolExecutor(takers) as pool:
        handed_out = [name for mine in pool.map(taken, range(takers)) for name in mine]
    assert sorted(handed_out, key=int) == [str(number) for number in range(60)]
