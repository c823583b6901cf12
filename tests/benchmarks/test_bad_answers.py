"""A plug-in's answer is believed only when checked; one that cannot be scored costs its own row and no table."""

from pathlib import Path

import numpy as np
import pytest
from bench_support import Bench

from benchmarks.core.store import Store
from benchmarks.reporting.publishing.write import write_tables
from methods.answers import AnswerError, check_batch_size, check_hits, check_ranking, check_similarity
from methods.indexes.exact import ExactIndex
from methods.ranking import Ranking
from methods.registry import import_plugin, load_registry
from methods.vector_method import VectorMethod

PLUGIN = Path(__file__).parents[1] / "plugins" / "bad_answers.py"
BAD = import_plugin(PLUGIN)
KINDS = {f"answers-{kind}": text for kind, text in BAD.RANKINGS.items()}
KINDS |= {f"encodes-{kind}": text for kind, text in BAD.ENCODERS.items()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photo_folder):
    bench = Bench(Store(tmp_path_factory.mktemp("out")), load_registry([PLUGIN]), photo_folder)
    bench.store.require_writable()
    return bench, bench.run("random", *KINDS, plugins=(PLUGIN,))


@pytest.mark.parametrize("method", KINDS)
def test_an_answer_that_is_none_is_an_error_that_says_so(finished, method):
    bench, rows = finished
    assert rows[method]["status"] == "error"
    assert KINDS[method] in rows[method]["reason"]
    assert ("BadEncoder" if method.startswith("encodes") else method) in rows[method]["reason"]
    (cell,) = [cell for cell, _ in bench.store.rows() if cell.method == method]
    assert not list(bench.store.folder(cell).glob("*.npz")), "what was not checked is not stored"


def test_tables_of_the_others_are_made(finished, tmp_path):
    bench, rows = finished
    assert rows["random"]["status"] == "ok"
    write_tables(bench.store, bench.registry, tmp_path)
    (page,) = tmp_path.glob("*smoke-retrieval.csv")
    assert "NaN scores" in page.read_text()


def damage_bytes(path):
    path.write_bytes(path.read_bytes()[:100])


def damage_scores(path):
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["scores"][0, 0] = np.nan
    np.savez(path, **arrays)


@pytest.mark.parametrize("damage, words", [(damage_bytes, "stored file damaged"), (damage_scores, "1 NaN scores")])
def test_one_stored_row_that_cannot_be_scored_costs_that_row(bench, tmp_path, damage, words):
    bench.run("mean-colour", "random")
    (cell,) = [cell for cell, _ in bench.store.rows() if cell.method == "mean-colour"]
    damage(bench.store.folder(cell) / "ranking.npz")
    write_tables(bench.store, bench.registry, tmp_path / "tables")
    (page,) = (tmp_path / "tables").glob("*smoke-retrieval.csv")
    (line,) = [line for line in page.read_text().splitlines() if "mean-colour" in line.split(",")]
    assert words in line
    assert "random" in page.read_text()


def test_ids_and_scores_of_other_widths_are_taken():
    ranking = Ranking(np.array([[1, 0]], np.int64), np.array([[1.0, 0.5]]), np.zeros(1, bool))
    checked = check_ranking("wide", ranking, 1, 2)
    assert (checked.ids.dtype, checked.scores.dtype) == (np.int32, np.float32)


@pytest.mark.parametrize(
    "scores", [np.array([np.nan], np.float32), np.zeros(2, np.float32), [0.0], np.array(["a"]), np.array([1e300])]
)
def test_similarities_are_checked(scores):
    with pytest.raises(AnswerError, match="^one: "):
        check_similarity("one", scores, 1)


HITS, SCORES = np.array([[0, 1], [1, 0]]), np.zeros((2, 2), np.float32)
STRETCHED = {
    "one row for all": ((HITS[:1], SCORES[:1]), "positions are int64 (1, 2)"),
    "flat": ((HITS[0], SCORES[0]), "positions are int64 (2,)"),
    "one score a row": ((HITS, SCORES[:, :1]), "scores are float32 (2, 1)"),
    "one score": ((HITS, 0.0), "scores are float"),
    "complex": ((HITS, SCORES * 1j), "scores are complex64"),
    "texts": ((HITS, SCORES.astype(str)), "scores are <U"),
    "the other way round": ((SCORES, HITS), "positions are float32"),
    "lists": ((HITS.tolist(), SCORES.tolist()), "positions are list"),
    "masked": ((HITS, np.ma.masked_array(SCORES)), "scores are MaskedArray"),
    "too wide": ((HITS, SCORES.astype(np.float64) - 1e300), "4 scores beyond float32"),
    "below -1": ((HITS - 2, SCORES), "2 positions outside 0 to 1"),
    "wrapped": ((HITS + 2**32, SCORES), "4 positions outside 0 to 1"),
    "positions alone": (HITS, "search returned ndarray"),
    "an iterator": (iter((HITS, SCORES)), "search returned tuple_iterator"),
}


@pytest.mark.parametrize("kind", STRETCHED)
def test_an_index_is_believed_only_when_checked(kind):
    """Each of these would fit an array of the answers by being repeated, cut or converted."""
    answer, words = STRETCHED[kind]
    with pytest.raises(AnswerError) as raised:
        check_hits("Index", answer, 2, 2, 2)
    assert str(raised.value).startswith(f"Index: {words}")


class Transform:
    def __init__(self, made):
        self.apply = lambda rows: made(rows)

    def fit(self, rows):
        pass


MADE = {
    "fewer": lambda rows: rows[1:],
    "more": lambda rows: np.vstack([rows, rows]),
    "flat": lambda rows: rows[:, 0],
    "nothing": lambda rows: None,
    "a list": lambda rows: rows.tolist(),
    "texts": lambda rows: rows.astype(str),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_transform_is_believed_only_when_checked(kind):
    method = VectorMethod(None, (Transform(MADE[kind]),), ExactIndex(), lambda encoder, images: images)
    with pytest.raises(AnswerError, match=r"^Transform: apply gave .* for 3 rows"):
        method.index(np.ones((3, 2), np.float32))


@pytest.mark.parametrize("size", [0, -3, 2.5, None, True, "4"])
def test_a_batch_is_a_whole_number_of_images(size):
    with pytest.raises(AnswerError, match="^Encoder: batch_size is "):
        check_batch_size("Encoder", size)
