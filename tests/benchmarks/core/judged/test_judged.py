"""Large cells store what metrics need in place of whole rankings: all that is made of either is the same."""

import zipfile

import numpy as np
import pytest
from stored_cells import StoredCells

from benchmarks.core import scoring
from benchmarks.core.cells import Cell
from benchmarks.core.judged import answering
from benchmarks.core.judged.answering import answer, is_kept_whole
from benchmarks.core.judged.packing import packed, unpacked
from benchmarks.core.judged.relevance import Relevance, of_labels
from benchmarks.core.judged.statistics import KEPT, NAME, StatisticsWriter, StoredStatistics
from benchmarks.core.scoring import score_index, score_retrieval
from benchmarks.gate.sides import snapshot_of_store
from benchmarks.metrics.index_recall import index_recall
from benchmarks.metrics.registry import METRICS, evaluate
from benchmarks.reporting.html.gallery_choice import group_hits
from benchmarks.reporting.pictures.findings import find_results
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.reporting.tables.groups import make_groups
from benchmarks.system.files import DamagedFile
from benchmarks.system.provenance import provenance
from datasets.imageset import ImageSet, Item
from methods.answers import AnswerError
from methods.canaries import ConstantRanking, Oracle, RandomRanking
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.ranking import Ranking, rank_scores
from methods.registry import load_registry
from methods.vector_method import VectorMethod

PROVENANCE = provenance()
GALLERY = [(f"g{n}", f"label{n % 7}") for n in range(150)] + [("q3", "label3")]
QUERIES = [(f"q{n}", f"label{n % 9}") for n in range(41)]


def random_case(seed):
    """A ranking with ties, cut rows and queries without a detection; junk; labels some of which nothing answers."""
    rng = np.random.default_rng(seed)
    q, n, levels = int(rng.integers(1, 30)), int(rng.integers(1, 300)), int(rng.integers(1, 400))
    scores = rng.integers(0, levels, (q, n)).astype(np.float32)
    scores[rng.random((q, n)) < rng.choice([0, 0.3, 0.9])] = -np.inf
    ranking = rank_scores(scores, int(rng.integers(1, n + 1)), rng.random(q) < 0.2)
    junk = np.argwhere(rng.random((q, n)) < rng.choice([0, 0.05, 0.6]))
    labels = int(rng.integers(1, 12))
    return ranking, Relevance(rng.integers(0, labels, n), rng.integers(0, labels + 1, q), junk)


def written(path, ranking, relevance, step):
    with StatisticsWriter(path) as writer:
        for start in range(0, len(ranking.ids), step):
            rows = slice(start, start + step)
            block = relevance.block(start, min(start + step, len(ranking.ids)))
            part = Ranking(ranking.ids[rows], ranking.scores[rows], ranking.undetected[rows])
            writer.add(part, block.judge(part), block.first_right(part))
    return StoredStatistics(path), writer.head


@pytest.mark.parametrize("seed", range(60))
def test_every_metric_of_stored_statistics_equals_that_of_the_whole_ranking(tmp_path, seed):
    ranking, relevance = random_case(seed)
    whole = relevance.judge(ranking)
    stored, head = written(tmp_path / NAME, ranking, relevance, step=1 + seed % 7)
    parts = [evaluate(judgement) for _, judgement in stored.slabs()]
    for name, values in evaluate(whole).items():
        np.testing.assert_allclose(np.concatenate([part[name] for part in parts]), values, rtol=0, atol=1e-12)
    assert np.array_equal(stored.first_right, relevance.first_right(ranking))
    assert np.array_equal(head.ids, ranking.ids[:, :KEPT]) and np.array_equal(head.scores, ranking.scores[:, :KEPT])
    assert stored.results.tolist() == (ranking.ids >= 0).sum(axis=1).tolist()
    shallow = [name for name in METRICS if name not in ("mAP", "MAP@R", "R-precision")]
    for name, values in evaluate(stored.head, shallow).items():
        np.testing.assert_allclose(values, evaluate(whole, [name])[name], rtol=0, atol=1e-12)
    for name in ("mAP", "MAP@R", "R-precision"):
        with pytest.raises(ValueError, match="first results alone"):
            evaluate(stored.head, [name])


@pytest.mark.parametrize("seed", range(20))
def test_some_queries_of_a_judgement_are_those_judged_alone(seed):
    ranking, relevance = random_case(seed)
    rows = np.random.default_rng(seed).permutation(len(ranking.ids))[: 1 + len(ranking.ids) // 2]
    some = Ranking(ranking.ids[rows], ranking.scores[rows], ranking.undetected[rows])
    for judged in (relevance.judge(ranking).take(rows), relevance.take(rows).judge(some)):
        for name, values in evaluate(judged).items():
            np.testing.assert_array_equal(values, evaluate(relevance.judge(ranking), [name])[name][rows])


def test_packed_blocks_hold_what_needs_more_than_two_bytes():
    ranking = rank_scores(-np.arange(70_000, dtype=np.float32)[None], 70_000)
    gallery = np.zeros(70_000, dtype=np.int64)
    gallery[[0, 5, 69_999]] = 1
    blocks = Relevance(gallery, np.array([1]), np.empty((0, 2), dtype=np.int64)).judge(ranking).blocks
    arrays = packed(blocks, 1)
    assert len(arrays["gap"]) == 3 and len(arrays["size"]) == 1
    assert unpacked(arrays).above.tolist() == [0, 5, 69_999]


def test_what_is_first_right_is_no_junk():
    ranking = rank_scores(np.array([[3, 2, 1]], dtype=np.float32), 3)
    relevance = Relevance(np.array([1, 0, 1]), np.array([1]), np.array([[0, 0]]))
    assert relevance.first_right(ranking).tolist() == [2]


class Noise:
    """An encoder that sees nothing but the image's number; some images have nothing to encode."""

    batch_size = 8

    def __init__(self, binary=False):
        self.binary = binary

    def encode(self, images):
        rows = [np.random.default_rng(int(image[0, 0, 0]) % 90).standard_normal(16) for image in images]
        rows = np.array(rows, dtype=np.float32)
        if self.binary:
            return np.packbits(rows > 0, axis=1)
        rows[[int(image[0, 0, 0]) % 13 == 5 for image in images]] = np.nan
        return rows


class Numbered:
    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return np.full((2, 2, 3), sum(data) % 256, dtype=np.uint8)


METHODS = {
    "random": RandomRanking,
    "constant": ConstantRanking,
    "oracle": Oracle,
    "pixels": lambda: VectorMethod(Noise(), [], ExactIndex("l2")),
    "phash": lambda: VectorMethod(Noise(binary=True), [], HammingIndex()),
}


@pytest.fixture
def both(tmp_path, monkeypatch):
    """The same methods over the same images twice: whole rankings stored, and blocks judged."""
    gallery, queries = (ImageSet([Item(*pair) for pair in pairs], Numbered()) for pairs in (GALLERY, QUERIES))
    stores = {}
    for kind, whole in (("whole", True), ("cut", False)):
        cells = StoredCells(tmp_path / kind)
        manifest = cells.manifest(GALLERY, QUERIES)
        truth = scoring.read_ground_truth(cells.store.manifest_path(manifest))
        monkeypatch.setattr(answering, "WHOLE", 2**24 if whole else 0)
        monkeypatch.setattr(answering, "BLOCK", 6 * len(GALLERY))
        for name, build in METHODS.items():
            cell, method = Cell("lfw", "standard", "retrieval", name), build()
            method.fit(gallery)
            method.index(gallery)
            workdir = cells.store.workdir(cell)
            answer(name, method, queries, of_labels(truth), cells.store, workdir)
            counts = {"gallery": len(GALLERY), "queries": len(QUERIES)}
            row = {"status": "ok", "reason": "", "trained": True, "started": "2026", "counts": counts}
            inputs = {"manifest": manifest, "protocol": 1, "seed": 0, "threads": 1}
            cells.store.commit(
                cell, {**row, "inputs": inputs, "jobs": 1, "provenance": PROVENANCE, "wall_s": 1.0}, workdir
            )
        stores[kind] = cells.store
    return stores


def test_figures_galleries_sheets_and_gate_are_the_same_from_either(both):
    registry = load_registry([])
    for name in METHODS:
        cell = Cell("lfw", "standard", "retrieval", name)
        whole, cut = (score_retrieval(store, cell, store.row(cell)) for store in both.values())
        assert both["whole"].statistics(cell) is None and both["cut"].statistics(cell) is not None
        for metric, values in whole.values.items():
            np.testing.assert_allclose(cut.values[metric], values, rtol=0, atol=1e-12, err_msg=f"{name} {metric}")
            assert cut.estimates[metric] == pytest.approx(whole.estimates[metric], abs=1e-12, nan_ok=True)
        assert scoring.canary_findings(name, cut) == scoring.canary_findings(name, whole)
        asked = np.array([7, 2, 30])
        parts = [score_retrieval(store, cell, store.row(cell), asked).values["mAP"] for store in both.values()]
        np.testing.assert_allclose(*parts, rtol=0, atol=1e-12)
    groups = [make_groups(store, registry)[0] for store in both.values()]
    for one, other in zip(*(group_hits(*pair, 5) for pair in zip(both.values(), groups, strict=True)), strict=True):
        assert one.shows_the_same_as(other)
    sheets = [find_results(*pair, None, 6, 5) for pair in zip(both.values(), groups, strict=True)]
    assert np.array_equal(sheets[0].queries, sheets[1].queries)
    for one, other in zip(sheets[0].strips, sheets[1].strips, strict=True):
        assert all(map(np.array_equal, one.positions, other.positions)) and one.method == other.method
    records = [snapshot_of_store(store).cells for store in both.values()]
    for cell, record in records[0].items():
        np.testing.assert_array_equal(record.values["mAP"], records[1][cell].values["mAP"])


def test_tables_are_the_same_from_either(both):
    pages = []
    for store in both.values():
        written_to = write_tables(store, load_registry([]), store.root)
        pages.append({path.name: path.read_text() for path in written_to if path.suffix in (".md", ".csv")})
    assert pages[0] == pages[1]
    assert any(name.endswith("retrieval.md") for name in pages[0])


def test_only_the_beginning_of_a_ranking_is_stored(both):
    cell = Cell("lfw", "standard", "retrieval", "random")
    assert both["whole"].ranking(cell).ids.shape == (len(QUERIES), len(GALLERY))
    assert both["cut"].ranking(cell).ids.shape == (len(QUERIES), KEPT)


def test_small_subsets_and_those_asked_for_are_kept_whole():
    assert is_kept_whole(500, 4_000)
    assert not is_kept_whole(10_000, 50_000)
    assert is_kept_whole(10_000, 50_000, keep=True)


@pytest.mark.parametrize("name", METHODS)
def test_hit_at_1_without_some_images_is_the_same_from_either_or_left_open(both, name):
    """Without the first results of every third query, one of which has more of them than are stored."""
    cell, pairs = Cell("lfw", "standard", "retrieval", name), []
    first = both["whole"].ranking(cell).ids
    for row in range(0, len(QUERIES), 3):
        pairs += [(row, place) for place in first[row, : 3 + 110 * (row == 6)] if place >= 0]
    truth = scoring.read_ground_truth(both["whole"].manifest_path(both["whole"].row(cell)["inputs"]["manifest"]))
    junk = np.concatenate([truth.junk(), np.array(pairs).reshape(-1, 2)])
    (whole, none_open), (cut, is_open) = (
        scoring.hit_at_1_without(store, cell, store.row(cell), junk) for store in both.values()
    )
    assert not none_open.any()
    np.testing.assert_allclose(cut[~is_open], whole[~is_open], rtol=0, atol=1e-12)
    assert np.isnan(cut[is_open]).all()
    asked = np.isin(np.arange(len(QUERIES)), [row for row, _ in pairs]) & ~np.isnan(whole)
    expected = asked if name == "constant" else asked & (np.arange(len(QUERIES)) == 6)
    assert is_open[expected].all() and not is_open[~asked].any()
    if name in ("random", "pixels"):
        assert np.array_equal(is_open, expected)


def test_recall_of_an_index_does_not_guess_beyond_the_cut():
    ids = np.array([[0, 1, 2], [3, 4, 5]], dtype=np.int32)
    scores = np.array([[3, 2, 1], [1, 1, 1]], dtype=np.float32)
    exact = Ranking(ids, scores, np.zeros(2, dtype=bool))
    assert index_recall(exact, exact, 2).tolist() == [1, 1]
    assert np.isnan(index_recall(exact, exact, 2, cut=True)).tolist() == [False, True]


def test_an_index_is_scored_against_a_cut_exact_search(both):
    cell = Cell("lfw", "standard", "retrieval", "pixels")
    assert score_index(both["cut"], cell, cell) == score_index(both["whole"], cell, cell) == 1


def test_a_damaged_file_of_statistics_is_named(both):
    store, cell = both["cut"], Cell("lfw", "standard", "retrieval", "random")
    path = store.folder(cell) / NAME
    assert store.damage(cell) == ""
    with zipfile.ZipFile(path) as file:
        place = file.getinfo("gap-3.npy").header_offset + 60
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)
    assert "stored file damaged" in store.damage(cell)
    assert score_retrieval(store, cell, store.row(cell)) is None
    path.write_bytes(content[:100])
    with pytest.raises(DamagedFile):
        store.statistics(cell)
    assert scoring.as_scored(store, cell, store.row(cell))["status"] == "error"


class Short:
    """Its blocks end before its queries do."""

    def search(self, queries, k):
        return rank_scores(np.zeros((len(queries), 3), dtype=np.float32), k)

    def rankings(self, queries, k, step):
        yield self.search(queries[:step], k)


def test_a_method_that_leaves_queries_out_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "WHOLE", 0)
    monkeypatch.setattr(answering, "BLOCK", 6)
    relevance = Relevance(np.arange(3), np.zeros(5, dtype=np.int64), np.empty((0, 2), dtype=np.int64))
    queries = ImageSet([Item(str(n), "x") for n in range(5)], Numbered())
    with pytest.raises(AnswerError, match="short: rankings of 2 of 5 queries"):
        answer("short", Short(), queries, relevance, StoredCells(tmp_path).store, tmp_path)


class Reversing(VectorMethod):
    """Answers in a way of its own."""

    def search(self, queries, k):
        ranking = super().search(queries, k)
        return Ranking(ranking.ids[:, ::-1], ranking.scores, ranking.undetected)


def test_a_method_with_a_search_of_its_own_is_asked_for_that():
    images = ImageSet([Item(str(n), "x") for n in range(7)], Numbered())
    method = Reversing(Noise(binary=True), [], HammingIndex())
    method.index(images)
    blocks = [block.ids for block in method.rankings(images, 7, 3)]
    assert np.array_equal(np.concatenate(blocks), method.search(images, 7).ids)
