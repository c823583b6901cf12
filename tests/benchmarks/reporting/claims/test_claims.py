"""The claims table: every claim has a row, every figure a cell, and a word where there is none."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.core.cells import Cell
from benchmarks.core.scoring import score_retrieval
from benchmarks.metrics.intervals import share_interval
from benchmarks.metrics.statistics import Interval
from benchmarks.reporting.claims.accuracy import Change, KeptTop, PairAccuracy, Quality, RightForPeople
from benchmarks.reporting.claims.claim import Claim, Decided, Exceeds, Figure, NotComparable
from benchmarks.reporting.claims.claims_data import CLAIMS
from benchmarks.reporting.claims.claims_table import claim_figures, figure_text, write_claims
from benchmarks.reporting.claims.cost import IndexingTime, PeakMemory, SearchTime
from benchmarks.reporting.claims.counts import FacesFound, PhotosToFind, SelfMatches
from benchmarks.reporting.claims.evidence import Evidence
from datasets.lfw import QUERY_PEOPLE
from tests.benchmarks.stored_cells import StoredCells

LFW = (("lfw", "full"), ("lfw", "standard"))

SYSTEMS_CLAIMS = [
    ("R0", "cnn3", "96%"),
    ("R0", "cnn3", "first 250"),
    ("R0", "efficientnetv2l", "84%"),
    ("R0", "inceptionresnetv2", "92–98 against 5,923–6,957"),
    ("R0", "inceptionresnetv2", "0 of 19"),
    ("R0", "cnn3", "0 of 19"),
    ("R0", "inceptionresnetv2", "5.7e-3"),
    ("R1", "phash", "10.29%"),
    ("R1", "svm", "3%"),
    ("R1", "sift", "33.64%"),
    ("R1", "cnn4", "no figure"),
    ("R1", "cnn4-embedding", "67–70%"),
    ("R1", "cnn4-siftcrop", "67–70%"),
    ("R1", "cnn4-softmax", "74%"),
    ("R1", "inceptionv3", "no figure"),
    ("R1", "inceptionv3-trained", "82%"),
    ("R2", "resnet50-balltree", "primarily visually similar, secondarily the same person"),
    ("R2", "resnet50-1500-pca", "no improvement"),
    ("R2", "resnet50-512-pca", "under 1,000 dimensions degrades"),
    ("R2", "resnet101-adamax", "batch 16 instead of 64"),
    ("R3", "vgg16-fc1", "86 s on a GPU"),
    ("R3", "vgg16-fc1", "888 s on a CPU: 589 ms per image"),
    ("R3", "vgg16-fc1", "1.57 s"),
    ("R3", "vgg16-fc1-sklearn", "1.06 s"),
    ("R3", "vgg16-pca700-cosine", "3.7 s"),
    ("R3", "vgg16-pca400-cosine", "3.7 s"),
    ("R3", "mtcnn-facenet", "1,808 s: 1.25 s an image"),
    ("R3", "mtcnn-facenet", "2,148 s: 149 ms a face"),
    ("R3", "mtcnn-facenet", "1,798 faces"),
    ("R3", "mtcnn-facenet", "1.3 s"),
    ("R3", "mtcnn-facenet", "Ahmed_Ghazi"),
    ("R4", "resnet50-8192-kmeans", "K=6"),
    ("R4", "mtcnn-facenet-kmeans", "20 results"),
]


@pytest.fixture
def cells(tmp_path) -> StoredCells:
    return StoredCells(tmp_path / "out")


def at(method, subset="standard", task="retrieval", dataset="lfw") -> Cell:
    return Cell(dataset, subset, task, method)


def read(cells, measure):
    return measure.read(Evidence(cells.store))


def two_people(cells, subset="standard", hash="aaaa"):
    """Gallery positions 0 and 1 show a, 2 and 3 show b; the queries are an a and a b."""
    gallery = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")]
    return cells.manifest(gallery, [("a3", "a"), ("b3", "b")], subset=subset, hash=hash)


@pytest.mark.parametrize(("report", "system", "words"), SYSTEMS_CLAIMS)
def test_every_claim_has_a_row(report, system, words):
    rows = [c for c in CLAIMS if c.report == report and system in c.systems and words in c.says]
    assert len(rows) == 1


def test_every_claim_is_compared_with_something_and_explained_in_one_line():
    for claim in CLAIMS:
        assert claim.ours
        assert claim.because
        assert "\n" not in claim.because + claim.says
        assert bool(claim.values) == bool(claim.unit)


def test_without_a_cell_there_is_no_figure_only_the_word(cells):
    figures = [figure for row in claim_figures(cells.store) for figure in row]
    assert {figure.word for figure in figures} == {"not run"}
    assert all(figure.value is None and figure.interval is None and figure.cells for figure in figures)
    assert write_claims(cells.store, cells.store.root) == []
    assert not (cells.store.root / "claims.md").exists()


def test_quality_is_the_mean_with_its_interval_in_percent(cells):
    manifest = two_people(cells)
    cells.cell(at("phash"), manifest, ids=[[0, 1, 2, 3], [0, 2, 3, 1]])
    figure = read(cells, Quality("phash", LFW, metric="hit@1"))
    assert figure.value == 50
    assert figure.interval == pytest.approx([100 * end for end in share_interval(0.5, 2)])
    assert figure.cells == ("lfw:standard/retrieval/phash",)
    assert figure_text(figure) == "hit@1: 50.0% [2.56, 97.4]"


@pytest.mark.parametrize("status", ["timeout", "oom", "killed", "unavailable", "error"])
def test_a_failed_cell_gives_its_status(cells, status):
    cells.cell(at("cnn3"), two_people(cells), status=status)
    for measure in (Quality("cnn3", LFW), SearchTime("cnn3", LFW), PeakMemory("cnn3", LFW), FacesFound("cnn3", LFW)):
        figure = read(cells, measure)
        assert (figure.value, figure.word) == (None, status)


def test_an_untrained_network_has_no_accuracy_but_its_times(cells):
    samples = {"total": [0.003], "search": [0.002], "gallery": [0.5, 0.5]}
    cells.cell(at("vgg16-fc1"), two_people(cells), trained=False, samples=samples)
    assert figure_text(read(cells, Quality("vgg16-fc1", LFW))) == "hit@1: untrained"
    assert read(cells, SearchTime("vgg16-fc1", LFW)).word == "untrained"
    assert read(cells, IndexingTime("vgg16-fc1", LFW)).value == 500


def test_the_first_place_with_an_accuracy_is_taken(cells):
    standard, full = two_people(cells), two_people(cells, "full", "bbbb")
    cells.cell(at("phash"), standard, ids=[[0, 1, 2, 3], [2, 3, 0, 1]])
    cells.cell(at("phash", "full"), full, ids=[[2, 3, 0, 1], [0, 1, 2, 3]])
    assert read(cells, Quality("phash", LFW)).value == 0
    assert read(cells, Quality("phash", LFW[1:])).value == 100
    cells.cell(at("dhash"), standard, ids=[[0, 1, 2, 3], [2, 3, 0, 1]])
    cells.cell(at("dhash", "full"), full, status="timeout")
    assert read(cells, Quality("dhash", LFW)).value == 100


def test_a_change_is_the_paired_difference_over_the_same_images(cells):
    manifest = two_people(cells)
    cells.cell(at("a"), manifest, ids=[[0, 1, 2, 3], [2, 3, 0, 1]])
    cells.cell(at("b"), manifest, ids=[[2, 3, 0, 1], [0, 1, 2, 3]])
    figure = read(cells, Change("b", LFW, against="a"))
    assert figure.value == -100
    assert figure.interval == (-100, -100)
    assert figure_text(figure) == "hit@1, less that of a: -100 points [-100, -100]"
    cells.cell(at("b"), two_people(cells, hash="cccc"), ids=[[2, 3, 0, 1], [0, 1, 2, 3]])
    assert read(cells, Change("b", LFW, against="a")).word == "run on different images"


def query_people(cells, queries=QUERY_PEOPLE):
    """Each of the ten has a query _0001 and one more photo in the gallery, at the position of their number."""
    gallery = [(f"{name}/{name}_0002", name) for name in QUERY_PEOPLE]
    asked = [(f"{name}/{name}_0001", name) for name in queries] + [("Else/Else_0001", QUERY_PEOPLE[0])]
    return cells.manifest(gallery, asked)


def test_the_ten_query_people_are_counted_and_nobody_else(cells):
    manifest = query_people(cells)
    everyone = np.arange(10)
    carmen_last = everyone
    ids = [*(np.roll(everyone, -row) for row in range(9)), carmen_last, everyone[::-1]]
    cells.cell(at("efficientnetv2l"), manifest, ids=ids)
    figure = read(cells, RightForPeople("efficientnetv2l", LFW, k=5))
    assert figure.value == pytest.approx(0.9)
    assert figure.word == "1 to find"
    carmen = read(cells, RightForPeople("efficientnetv2l", LFW, k=5, people=("Carmen_Electra",)))
    assert (carmen.value, carmen.interval) == (0, None)
    assert read(cells, RightForPeople("efficientnetv2l", LFW, k=10, people=("Carmen_Electra",))).value == 1


def test_ties_for_the_query_people_count_with_their_expectation(cells):
    cells.cell(at("phash"), query_people(cells), ids=[np.arange(10)] * 11, scores=np.zeros((11, 10)))
    assert read(cells, RightForPeople("phash", LFW, k=5)).value == pytest.approx(0.5)


def test_query_people_that_are_not_queries_are_a_word(cells):
    cells.cell(at("phash"), query_people(cells, QUERY_PEOPLE[:4]), ids=[np.arange(10)] * 5)
    assert read(cells, RightForPeople("phash", LFW)).word == "4 of 10 are queries here"


def test_the_top_an_index_keeps_of_exact_search(cells):
    manifest = two_people(cells)
    cells.cell(at("exact"), manifest, ids=[[0, 1, 2, 3], [3, 2, 1, 0]])
    cells.cell(at("kmeans"), manifest, ids=[[1, 3, -1, -1], [2, 3, -1, -1]])
    assert read(cells, KeptTop("kmeans", LFW, exact="exact", k=2)).value == 75
    assert read(cells, KeptTop("exact", LFW, exact="exact", k=2)).value == 100


def test_results_that_tie_with_the_last_kept_count_as_kept(cells):
    manifest = two_people(cells)
    cells.cell(at("exact"), manifest, ids=[[0, 1, 2, 3]] * 2, scores=[[2, 1, 1, 0]] * 2)
    cells.cell(at("kmeans"), manifest, ids=[[0, 2, -1, -1], [0, 3, -1, -1]])
    assert read(cells, KeptTop("kmeans", LFW, exact="exact", k=2)).value == 75


def test_queries_without_a_face_say_nothing_about_an_index(cells):
    manifest = two_people(cells)
    none = [-1] * 4
    cells.cell(at("exact"), manifest, ids=[[0, 1, 2, 3], none], undetected=[False, True])
    cells.cell(at("kmeans"), manifest, ids=[[0, 1, -1, -1], none], undetected=[False, True])
    assert read(cells, KeptTop("kmeans", LFW, exact="exact", k=2)).value == 100


def test_times_are_medians_of_the_kept_samples(cells):
    samples = {"search": [0.001, 0.002, 0.009], "total": [0.1, 0.2, 0.3], "gallery": [0.004]}
    cells.cell(at("vgg16-fc1"), two_people(cells), samples=samples)
    search = read(cells, SearchTime("vgg16-fc1", LFW))
    assert search.value == pytest.approx(2)
    assert search.interval.low >= 1
    assert search.interval.high <= 9
    assert read(cells, SearchTime("vgg16-fc1", LFW, stage="total")).value == pytest.approx(200)
    assert read(cells, IndexingTime("vgg16-fc1", LFW)).value == pytest.approx(4)
    assert read(cells, SearchTime("vgg16-fc1", LFW, stage="detect")).word == "no detect stage"


def test_counts_come_from_the_row_and_the_manifest(cells):
    counts = {"gallery": 4, "queries": 2, "undetected_gallery": 1, "undetected_queries": 0}
    manifest = two_people(cells)
    cells.cell(at("mtcnn-facenet"), manifest, ids=[[0, 1, 2, 3]] * 2, counts=counts, memory={"peak": 3 * 2**20})
    assert figure_text(read(cells, FacesFound("mtcnn-facenet", LFW))) == "images with a face: 5 (of 6 images)"
    assert read(cells, PeakMemory("mtcnn-facenet", LFW)).value == 3
    assert read(cells, PhotosToFind("mtcnn-facenet", LFW, person="a")).value == 2
    assert read(cells, PhotosToFind("mtcnn-facenet", LFW, person="Ahmed_Ghazi")).word == "nobody of that name here"
    assert figure_text(read(cells, SelfMatches("mtcnn-facenet", LFW))).endswith("0 (of 2 queries)")


def test_a_query_that_finds_itself_is_found_out(cells):
    manifest = cells.manifest([("a1", "a"), ("a3", "a")], [("a3", "a"), ("a2", "a")])
    cells.cell(at("cnn3"), manifest, ids=[[0, 1], [0, 1]])
    assert read(cells, SelfMatches("cnn3", LFW)).value == 1


def test_every_row_of_the_table_has_every_column_whatever_the_text(cells):
    cells.cell(at("phash"), two_people(cells), ids=[[0, 1, 2, 3], [2, 3, 0, 1]])
    claim = Claim(
        report="R1",
        systems=("phash", "sift"),
        says="a|b\nc",
        ours=(Quality("phash", LFW),) * 2,
        because="x | y",
        rule=NotComparable(),
    )
    write_claims(cells.store, cells.store.root, [claim, replace(claim, says="plain")])
    text = (cells.store.root / "claims.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 4
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {8}
    assert r"a\|b c" in text
    assert text.count("`lfw:standard/retrieval/phash`") == 4


def test_figures_of_a_real_run_name_their_cells_and_agree_with_the_score(bench):
    bench.run("random", "phash", datasets=(("cifar10", "smoke"),))
    written = write_claims(bench.store, bench.store.root)
    with written[1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    with_figure = [row for row in rows if row["ours"]]
    assert {row["cells"] for row in with_figure} == {
        "cifar10 (synthetic):smoke/retrieval/phash",
        "cifar10 (synthetic):smoke/retrieval/random",
    }
    assert {row["word"] for row in rows if not row["ours"]} == {"not run"}
    cell = at("phash", "smoke", dataset="cifar10")
    estimate = score_retrieval(bench.store, cell, bench.store.row(cell)).estimates["kNN-vote@1"]
    (row,) = [row for row in with_figure if row["method"] == "phash"]
    assert float(row["ours"]) == pytest.approx(100 * estimate.mean)
    assert float(row["low"]) == pytest.approx(100 * estimate.low)
    assert "| R1 | phash | accuracy 10.29%" in written[0].read_text()


def test_writing_twice_gives_the_same_bytes(cells, tmp_path):
    cells.cell(at("phash"), two_people(cells), ids=[[0, 1, 2, 3], [2, 3, 0, 1]], samples={"search": [0.1, 0.2]})
    first = [path.read_bytes() for path in write_claims(cells.store, tmp_path / "one")]
    assert first == [path.read_bytes() for path in write_claims(cells.store, tmp_path / "two")]


def test_every_system_of_a_claim_is_in_the_catalogue():
    from methods.catalogue import CATALOGUE

    known = {spec.id for spec in CATALOGUE}
    named = {system for claim in CLAIMS for system in claim.systems} - {"cnn4"}  # a network of three rows
    named |= {method for claim in CLAIMS for measure in claim.ours for method in measure.methods}
    assert named <= known, sorted(named - known)


def figure(value=None, interval=None, word=""):
    return Figure(
        "phash", "hit@1", "%", ("lfw:standard/retrieval/phash",), value, interval and Interval(*interval), word
    )


UNTRAINED, NOT_RUN = figure(word="untrained"), figure(word="not run")


@pytest.mark.parametrize(
    ("rule", "figures", "verdict"),
    [
        (Decided("above"), [figure(2, (1, 3))], "confirmed"),
        (Decided("above"), [figure(2, (-1, 3))], "contradicted"),
        (Decided("below"), [figure(-2, (-3, -1))], "confirmed"),
        (Decided("below"), [figure(-2, (-3, 1))], "contradicted"),
        (Decided("not above"), [figure(-2, (-3, 1))], "confirmed"),
        (Decided("not above"), [figure(2, (1, 3))], "contradicted"),
        (Decided("holds", 1.0), [figure(2, (1, 3))], "confirmed"),
        (Decided("holds", 1.0), [figure(2, (1.5, 3))], "contradicted"),
        (Decided("holds", 0.0), [figure(0)], "confirmed"),  # a single query has no interval
        (Decided("holds", 0.0), [figure(0.5)], "contradicted"),
        (Decided("reaches", 5.0), [figure(4.8, (4.4, 5.0))], "contradicted"),
        (Decided("reaches", 5.0), [figure(5.0, (5.0, 5.0))], "confirmed"),
        (Decided("above"), [UNTRAINED], "untrained"),
        (Decided("above"), [NOT_RUN], "not run"),
        (Decided("above", on=(0, 1)), [figure(2, (1, 3)), UNTRAINED], "untrained"),
        (Decided("above", on=(0, 1)), [figure(2, (-1, 3)), UNTRAINED], "contradicted"),
        (Decided("above", on=(1,)), [UNTRAINED, figure(2, (1, 3))], "confirmed"),
        (Exceeds(more=1, less=0), [figure(5, (4, 6)), figure(9, (8, 10))], "confirmed"),
        (Exceeds(more=1, less=0), [figure(5, (4, 8.5)), figure(9, (8, 10))], "contradicted"),
        (Exceeds(more=1, less=0), [UNTRAINED, figure(9, (8, 10))], "untrained"),
        (Exceeds(more=1, less=0), [NOT_RUN, figure(9, (8, 10))], "not run"),
        (NotComparable(), [figure(9, (8, 10))], "not comparable"),
    ],
)
def test_a_verdict_follows_its_rule(rule, figures, verdict):
    assert rule.verdict(figures) == verdict
    assert rule.text


def test_every_rule_looks_at_figures_that_its_claim_has():
    for claim in CLAIMS:
        places = {Decided: lambda rule: rule.on, Exceeds: lambda rule: (rule.more, rule.less)}
        assert max(places.get(type(claim.rule), lambda rule: (0,))(claim.rule)) < len(claim.ours)


def test_a_person_of_whom_one_photo_is_missed_contradicts_that_all_came_back(cells):
    claim = next(claim for claim in CLAIMS if "all images of the person come back" in claim.says)
    people = [(f"{name}/{name}_{n:04d}", name) for name in QUERY_PEOPLE for n in range(2, 7)]
    queries = [(f"{name}/{name}_0001", name) for name in QUERY_PEOPLE]
    manifest = cells.manifest(people, queries)
    order = [np.roll(np.arange(50), -5 * n) for n in range(10)]
    for ids, verdict in ((order, "confirmed"), ([*order[:-1], order[-1][::-1]], "contradicted")):
        cells.cell(at("mtcnn-facenet-kmeans"), manifest, ids=ids)
        cells.cell(at("mtcnn-facenet"), manifest, ids=ids)
        assert claim.rule.verdict([read(cells, measure) for measure in claim.ours]) == verdict
        write_claims(cells.store, cells.store.root, [claim])
        assert f"| *{verdict}* |" in (cells.store.root / "claims.md").read_text()
        with (cells.store.root / "claims.csv").open(newline="") as file:
            assert {row["verdict"] for row in csv.DictReader(file)} == {verdict}


def test_accuracy_on_pairs_is_that_of_the_verification_table(cells):
    where = cells.cell(at("cnn4-embedding", task="verification"), two_people(cells))
    same = np.arange(40) % 2 == 0
    scores = np.where(np.arange(40) < 4, 1.0 - same, same)
    np.savez(cells.store.folder(where) / "pairs.npz", scores=scores, same=same, fold=np.arange(40) % 10)
    found = read(cells, PairAccuracy("cnn4-embedding", LFW))
    assert found.value == pytest.approx(90)
    assert found.interval.low < 90 < found.interval.high
    assert found.cells == ("lfw:standard/verification/cnn4-embedding",)
