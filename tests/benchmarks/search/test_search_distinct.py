"""Of hits that show one picture the first is shown, and how many were left out is said."""

import json

import numpy as np
import pytest
from copies_support import photo, save
from PIL import Image
from search_support import cli, opened

from benchmarks.search.distinct import distinct
from benchmarks.search.query import Query


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six photographs, three times each: as they are, smaller, and the same file again."""
    root = tmp_path_factory.mktemp("photographs")
    for seed in range(6):
        first = save(root / f"{seed}.png", photo(seed, (160, 120)))
        Image.fromarray(photo(seed, (160, 120))).resize((120, 90)).save(root / f"{seed}-small.jpg", quality=85)
        (root / f"{seed}-same.png").write_bytes(first.read_bytes())
    return root


@pytest.fixture(scope="module")
def searcher(folder, tmp_path_factory):
    return opened(folder, tmp_path_factory.mktemp("index"))


def everything(searcher):
    return searcher.search(Query("x", photo(2, (160, 120))), 18)


def pictures(answer):
    return [hit.path[0] for hit in answer.hits]


def test_the_first_of_each_picture_is_left_in_its_order(searcher):
    answer = everything(searcher)
    once = distinct(answer, searcher.gallery, 6)
    assert pictures(once) == list(dict.fromkeys(pictures(answer)))
    assert [answer.hits.index(hit) for hit in once.hits] == sorted(answer.hits.index(hit) for hit in once.hits)
    assert once.hits[0] == answer.hits[0]


def test_only_those_left_out_on_the_way_are_counted(searcher):
    answer = everything(searcher)
    one = distinct(answer, searcher.gallery, 1)
    assert (len(one.hits), one.notes) == (1, answer.notes)
    places = [pictures(answer).index(picture) for picture in dict.fromkeys(pictures(answer))]
    two = distinct(answer, searcher.gallery, 2)
    assert two.notes[0] == f"{places[1] - 1} hits that show the same picture as an earlier one left out"


def test_hits_that_are_gone_stay_and_no_hits_are_no_error(searcher, folder, tmp_path):
    root = tmp_path / "photographs"
    root.mkdir()
    for seed in range(3):
        save(root / f"{seed}.png", photo(seed, (160, 120)))
    here = opened(root, tmp_path / "index")
    answer = here.search(Query("x", photo(0, (160, 120))), 3)
    (root / "1.png").unlink()
    assert len(distinct(answer, here.gallery, 3).hits) == 3
    flat = here.search(Query("x", np.full((40, 40, 3), 9, np.uint8)), 3)
    assert distinct(flat, here.gallery, 3) == flat


def test_the_command_leaves_copies_out_where_it_is_told_to(folder, tmp_path):
    save(tmp_path / "query.jpg", photo(2, (160, 120)), quality=90)
    asked = ("search", tmp_path / "query.jpg", "-g", folder, "-m", "phash", "-k", "5", "--json")
    every, once = (
        json.loads(cli(*asked, *more, cwd=tmp_path).stdout)[0]["answers"][0] for more in ((), ("--hide-copies",))
    )
    assert len({hit["path"][0] for hit in every["hits"]}) < 5
    assert len({hit["path"][0] for hit in once["hits"]}) == len(once["hits"]) == 5
