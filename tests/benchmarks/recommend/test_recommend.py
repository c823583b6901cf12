"""`recommend`: pictures that can be used, figures and thresholds, who goes on, the advice; and the command."""

import csv
import os
import sys
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow
from test_cli import cli, one_line_error

from benchmarks.metrics.intervals import Interval
from benchmarks.recommend import rounds, show
from benchmarks.recommend.advice import advise
from benchmarks.recommend.candidates import candidates, check_purpose
from benchmarks.recommend.figures import Figures, Threshold, doubts, figures_of, threshold
from benchmarks.recommend.rounds import Limits, Outcomes, pareto, parse_budget, rounds_for, survivors
from benchmarks.recommend.show import print_outcomes
from benchmarks.recommend.survey import survey
from benchmarks.recommend.trial import right_first
from benchmarks.system.terminal import Console
from datasets.errors import BenchmarkError, DataError, UnknownNameError
from datasets.folder import Folder
from methods.ranking import Ranking
from methods.registry import load_registry
from methods.spec import MethodSpec, Part


def drawn(seed, size=64):
    """A picture of large coloured fields: no two are alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Pillow.fromarray(coarse).resize((size, size), Pillow.Resampling.BICUBIC)


def fill(root, count, prefix=""):
    for number in range(count):
        path = root / f"{prefix}{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn(zlib.crc32(f"{prefix}{number}".encode()) if prefix else number).save(path)
    return root


# What can be used.


def test_copies_flat_pictures_and_broken_files_are_left_out_and_counted(tmp_path):
    fill(tmp_path, 12)
    (tmp_path / "same.png").write_bytes((tmp_path / "003.png").read_bytes())
    drawn(4, 80).save(tmp_path / "saved-again.jpg", quality=80)
    Pillow.new("RGB", (40, 40), (200, 10, 10)).save(tmp_path / "red.png")
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    seen = survey(Folder(tmp_path))
    assert (seen.used, seen.copies, seen.flat, len(seen.unreadable)) == (12, 2, 1, 1)
    assert seen.copy_share == pytest.approx(2 / 14)
    assert any("2 copies of other pictures left out" in phrase for phrase in seen.words())
    assert len(seen.manifest.queries) == 2
    assert len(seen.manifest.gallery) == 10


def test_the_choice_is_the_same_every_time_and_no_picture_is_on_both_sides(tmp_path):
    fill(tmp_path, 20)
    first, second = (survey(Folder(tmp_path)).manifest for _ in range(2))
    assert first.hash == second.hash
    assert not set(first.gallery.ids) & set(first.queries.ids)


def test_a_part_of_the_gallery_holds_every_label_that_is_asked_for(tmp_path):
    for label in range(5):
        fill(tmp_path / f"label{label}", 8, f"{label}-")
    seen = survey(Folder(tmp_path))
    asked = set(seen.manifest.queries.labels)
    assert seen.answerable == len(seen.manifest.queries)
    assert asked <= set(seen.manifest.gallery.labels[: len(asked)])


def test_a_sample_of_a_large_folder_says_so(tmp_path, monkeypatch):
    fill(tmp_path, 12)
    monkeypatch.setattr("benchmarks.recommend.survey.MOST", 8)
    seen = survey(Folder(tmp_path))
    assert (seen.looked_at, seen.listed) == (8, 12)
    assert "a sample of 8 of 12 images" in seen.words()


@pytest.mark.parametrize(
    ("paint", "says"),
    [
        (lambda root: drawn(1).save(root / "one.png"), "one picture that can be used"),
        (lambda root: [drawn(1).save(root / f"{n}.png") for n in range(4)], "copies of one another: nothing to tell"),
        (lambda root: [Pillow.new("RGB", (9, 9)).save(root / f"{n}.png") for n in range(3)], "nothing to search for"),
        (lambda root: (root / "x.jpg").write_bytes(b"x"), "none can be read"),
        (lambda root: None, "holds no images"),
    ],
)
def test_a_folder_with_nothing_to_tell_apart_is_refused_in_one_line(tmp_path, paint, says):
    paint(tmp_path)
    with pytest.raises(DataError, match=says):
        survey(Folder(tmp_path))


def test_people_and_things_need_labels(tmp_path):
    seen = survey(Folder(fill(tmp_path, 10)))
    seen.require("copies")
    for purpose in ("people", "things"):
        with pytest.raises(DataError, match=f"--for {purpose} needs label folders"):
            seen.require(purpose)


# What a trial measures.


def test_first_places_are_chances_where_scores_tie_and_wrong_ones_are_kept():
    ids = np.array([[0, 1, 2], [2, 1, 0], [-1, -1, -1]], dtype=np.int32)
    scores = np.array([[3, 3, 1], [5, 4, 2], [-np.inf] * 3], dtype=np.float32)
    ranking = Ranking(ids, scores, np.array([False, False, True]))
    right = np.array([[True, False, False], [True, False, False], [True, True, True]])
    assert right_first(ranking, right) == {
        "hits": [0.5, 0.0, 0.0],
        "best": [3.0, 5.0, None],
        "wrong": [3.0, 5.0, None],
    }


# Figures and thresholds.


def test_a_threshold_lets_one_in_a_hundred_through_and_never_parts_ties():
    wrong = np.arange(200, dtype=float)
    cut = threshold(wrong, np.ones(3), np.array([150.0, 197.5, 250.0]))
    assert 197 < cut.score <= 197.5
    assert cut.false_matches == 0.01
    assert cut.found == pytest.approx(2 / 3)
    assert cut.interval.low < 0.01 < cut.interval.high
    tied = threshold(np.full(200, 5.0), np.ones(1), np.array([9.0]))
    assert tied.score == 7
    assert tied.false_matches == 0


def test_nothing_searched_for_in_vain_gives_no_threshold():
    assert threshold(np.array([]), np.ones(1), np.ones(1)) is None
    assert threshold(np.array([-np.inf]), np.ones(1), np.ones(1)) is None
    assert doubts(None, 0.0) == ["no threshold: nothing was searched for in vain"]


@pytest.mark.parametrize(
    ("searches", "copies", "says"),
    [(300, 0.05, []), (40, 0.0, ["40 searches"]), (300, 0.4, ["40% of the pictures are copies"])],
)
def test_small_and_copy_rich_folders_say_that_a_threshold_cannot_be_trusted(searches, copies, says):
    found = doubts(Threshold(1.0, 0.01, Interval(0.0, 0.02), 0.9, searches), copies)
    assert len(found) == len(says)
    assert all(words in phrase for words, phrase in zip(says, found, strict=True))


def result(hits, labels=None, strangers=(0.1, 0.2), ms=5.0):
    def part(values):
        return {"hits": values, "best": [0.9] * len(values), "wrong": [0.3] * len(values)}

    return {
        "size": 50,
        "copies": part(hits),
        "strangers": list(strangers),
        "labels": None if labels is None else part(labels),
        "latency": {"p50_ms": ms},
        "peak_bytes": 3 * 2**20,
        "index_bytes": 2**20,
    }


def test_accuracy_is_of_copies_or_of_labels_as_the_purpose_says():
    told = result([1, 1, 1, 0], labels=[1, 0])
    copies, people = (figures_of("m", "hash", purpose, told) for purpose in ("copies", "people"))
    assert (copies.accuracy, copies.copies, copies.labels) == (0.75, 0.75, 0.5)
    assert people.accuracy == 0.5
    assert people.threshold.searches == 2
    assert (copies.peak_mib, copies.index_mib, copies.p50_ms) == (3, 1, 5)


# Who goes on, and what is advised.


def figures(method, accuracy, ms, size=100, mib=10.0, n=200):
    values = np.zeros(n)
    values[: round(accuracy * n)] = 1
    cut = Threshold(0.5, 0.01, Interval(0.002, 0.03), 0.6, 300)
    return Figures(method, "hash", size, values, accuracy, None, ms, mib, 1.0, cut)


def outcomes_of(*each):
    return Outcomes(figures={one.method: one for one in each})


def spec(id):
    return MethodSpec(id=id, family="hash", summary="s", source="s", method=Part("x:Y"))


def test_the_front_holds_whom_nobody_beats_in_both():
    each = [figures("a", 0.5, 1), figures("b", 0.4, 2), figures("c", 0.9, 30), figures("d", 0.9, 40)]
    assert [one.method for one in pareto(each)] == ["a", "c"]


def test_the_better_ones_the_front_and_the_most_accurate_go_on():
    each = [figures(f"m{n}", 0.9 - n / 20, 10 + n) for n in range(8)] + [
        figures("fast", 0.1, 0.1),
        figures("slow", 0.99, 500),
        figures("slow-too", 0.98, 500),
    ]
    kept = survivors([spec(one.method) for one in each], outcomes_of(*each), Limits(max_ms=20))
    assert {one.id for one in kept} == {"m0", "m1", "m2", "m3", "fast", "slow"}


@pytest.mark.parametrize(
    ("gallery", "sizes"), [(2, [2]), (250, [250]), (1600, [200, 800, 1600]), (9000, [200, 800, 3000])]
)
def test_rounds_grow_to_the_whole_gallery(gallery, sizes):
    assert [size for size, _ in rounds_for(gallery)] == sizes


def test_the_cheapest_of_those_as_good_as_the_best_within_the_limits_is_advised(tmp_path):
    each = outcomes_of(
        figures("poor", 0.2, 1), figures("good", 0.8, 5), figures("same", 0.8, 9), figures("slow", 0.95, 90)
    )
    each.figures["early"] = figures("early", 1.0, 1, size=20)
    told = advise(each, Limits(max_ms=20), "copies", tmp_path, 0.0, ["--plugin", "my file.py"])
    assert told.choice.method == "good"
    text = " ".join(told.lines)
    assert "Use good" in text
    assert "over 20 ms: slow, 95%" in text
    assert "0.5 or more is a match" in text
    assert "1.0% of searches for what is not there (0.2% to 3.0%)" in text
    assert told.commands[0].endswith(f"--gallery {tmp_path} --method good --plugin 'my file.py'")


def test_a_faster_one_that_finds_much_less_is_not_advised_however_few_the_searches(tmp_path):
    each = outcomes_of(figures("fast", 0.37, 4, n=60), figures("near", 0.47, 5, n=60), figures("best", 0.5, 7, n=60))
    assert advise(each, Limits(), "things", tmp_path, 0.0).choice.method == "near"


def test_methods_that_had_no_time_at_all_are_counted_in_the_advice_and_named_once(tmp_path, capsys):
    each = outcomes_of(figures("fast", 0.7, 1), figures("other", 0.6, 1))
    each.failed = dict.fromkeys(("net", "sift"), "not tried on 200 pictures: the time was spent")
    each.failed |= {"slow": "timeout on 200 pictures: over 18 s", "broken": "error: no such file"}
    told = advise(each, Limits(), "copies", tmp_path, 0.0)
    assert any(line.startswith("3 methods had too little time for a result") for line in told.lines)
    print_outcomes(Console(file=sys.stdout), each, Limits(), told)
    assert "net, sift: not tried on 200 pictures: the time was spent\n" in capsys.readouterr().out
    each.failed = {}
    assert not any("too little" in line for line in advise(each, Limits(), "copies", tmp_path, 0.0).lines)


def test_where_no_method_keeps_within_the_limits_none_is_advised(tmp_path):
    told = advise(outcomes_of(figures("a", 0.9, 50)), Limits(max_ms=1, max_mib=5), "copies", tmp_path, 0.0)
    assert told.choice is None
    assert "No method keeps within 1 ms and 5 MiB. The fastest is a" in told.lines[0]
    assert advise(Outcomes(), Limits(), "copies", tmp_path, 0.0).choice is None


def test_the_picture_shows_finalists_and_beside_them_the_best_of_the_others(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(show, "place_names", lambda figure, axes, points: named.append({p["method"] for p in points}))
    each = outcomes_of(
        figures("last", 0.7, 5, size=800), *(figures(f"m{n:02}", 0.9 - n / 50, 1 + n, size=200) for n in range(14))
    )
    told = advise(each, Limits(), "copies", tmp_path, 0.0)
    written = show.write_outcomes(each, Limits(), told, "a $ title", tmp_path)
    assert [path.name for path in written] == ["recommend.csv", "recommend.png"]
    assert named == [{"last", *(f"m{n:02}" for n in range(11))}] * 2


def test_the_most_accurate_go_on_first():
    each = [figures("a", 0.5, 1), figures("b", 0.7, 2), figures("c", 0.9, 30)]
    assert [one.id for one in survivors([spec(one.method) for one in each], outcomes_of(*each), Limits())] == [*"cba"]


def test_a_better_one_that_had_no_time_is_named(tmp_path):
    each = outcomes_of(figures("fast", 0.7, 1, size=2000), figures("better", 0.98, 50, size=200, n=60))
    each.failed["better"] = "not tried on 800 pictures: the time was spent"
    words = "better is better: it finds 98% among 200 pictures, and had no time"
    told = advise(each, Limits(), "copies", tmp_path, 0.0)
    assert told.choice.method == "fast"
    assert any(words in line for line in told.lines)
    assert not any(words in line for line in advise(each, Limits(max_ms=20), "copies", tmp_path, 0.0).lines)
    del each.failed["better"]
    assert not any(words in line for line in advise(each, Limits(), "copies", tmp_path, 0.0).lines)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("45", 45)])
def test_budgets_are_times(text, seconds):
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "nan", "inf", "1s", "99999h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BenchmarkError, match="--budget"):
        parse_budget(text)


def test_who_takes_part_hangs_on_the_purpose_and_cheap_ones_come_first():
    registry = load_registry()
    copies, people = (candidates(registry, purpose, None) for purpose in ("copies", "people"))
    ids = [one.id for one in copies.specs]
    assert ids.index("phash") < ids.index("sift-indexed")
    families = [one.family for one in copies.specs if one.family not in ("local features", "classifier")]
    count = len(set(families))
    assert len(set(families[:count])) == count, "one of each family before a second one of any"
    assert not {"random", "svm", "phash-mih", "eigenfaces"} & set(ids)
    assert "eigenfaces" in [one.id for one in people.specs]
    assert dict(copies.left_out)["svm"].startswith("learns from labels")
    assert [one.id for one in candidates(registry, "copies", None, ["random", "phash"]).specs] == ["random", "phash"]
    with pytest.raises(UnknownNameError, match="did you mean copies"):
        check_purpose("copy")


def test_a_spent_budget_tries_no_more(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(rounds, "prepare", lambda *args: None)
    monkeypatch.setattr(rounds.Session, "_try", lambda self, one, *rest: tried.append(one.id))
    seen = survey(Folder(fill(tmp_path / "p", 10)))
    session = rounds.Session(
        "folder:p", seen.manifest, "copies", rounds.Store(tmp_path / "out"), Limits(), None, None, (), 1, print
    )
    found = session.run([spec("a"), spec("b")], started=-1e9, budget=60)
    assert tried == []
    assert set(found.failed) == {"a", "b"}
    assert "the time was spent" in found.failed["a"]


def test_a_trial_that_would_be_cut_off_is_not_begun_and_its_time_goes_to_one_that_ends(tmp_path, monkeypatch):
    begun = []

    def measured(self, one, manifest, size, copies, timeout, new, outcomes):
        begun.append((one.id, size))
        outcomes.figures[one.id] = figures(one.id, {"slow": 0.9, "fast": 0.8}[one.id], 1, size)
        outcomes.paces[one.id] = {"slow": 1.0, "fast": 0.01}[one.id]

    monkeypatch.setattr(rounds, "prepare", lambda *args: None)
    monkeypatch.setattr(rounds, "rounds_for", lambda gallery: [(200, 60), (800, 160)])
    monkeypatch.setattr(rounds.Session, "_try", measured)
    seen = survey(Folder(fill(tmp_path / "p", 10)))
    session = rounds.Session(
        "folder:p", seen.manifest, "copies", rounds.Store(tmp_path / "out"), Limits(), None, None, (), 1, print
    )
    found = session.run([spec("slow"), spec("fast")], started=rounds.time.monotonic(), budget=600)
    assert begun == [("slow", 200), ("fast", 200), ("fast", 800)]
    # 600 pictures and 160 copies are new, a second each; a fifth of the budget is the most that a trial has.
    assert found.failed == {"slow": "not tried on 800 pictures: it would take about 13 min, and had 2 min"}
    assert found.late == ["slow"]


# The command.

PLUGIN = """
import os
import numpy as np
from methods.spec import MethodSpec, Part

class Mean:
    batch_size = 8
    def encode(self, images):
        return np.stack([image.reshape(-1, 3).mean(axis=0) for image in images]).astype(np.float32)

class Dies(Mean):
    def encode(self, images):
        os.kill(os.getpid(), 9)

INDEX = Part("methods.indexes.exact:ExactIndex", {"metric": "l2"})
METHODS = [
    MethodSpec(id=name, family="pixels", summary="s", source="test", encoder=Part(target), index=INDEX)
    for name, target in (("mean-colour", Mean), ("dies", Dies))
]
"""


def snapshot(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_flat_folder_gets_advice_a_table_and_a_picture_and_a_dying_method_costs_its_row(tmp_path):
    photos = fill(tmp_path / "holiday [1]", 40)
    (tmp_path / "own.py").write_text(PLUGIN)
    before = snapshot(photos)
    methods = [word for id in ("phash", "pixels", "mean-colour", "dies") for word in ("-m", id)]
    out = tmp_path / "out"
    done = cli("recommend", photos, *methods, "--plugin", tmp_path / "own.py", "--budget", "1h", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Use " in done.stdout
    assert "This threshold cannot be trusted: it rests on 8 searches" in done.stdout
    assert "dies: killed on 32 pictures" in done.stdout
    assert "--gallery" in done.stdout
    rows = {row["method"]: row for row in csv.DictReader(next(out.rglob("recommend.csv")).open())}
    assert set(rows) == {"phash", "pixels", "mean-colour", "dies"}
    assert 0 < float(rows["phash"]["hit@1"]) < 1
    assert float(rows["phash"]["hit@1_low"]) <= float(rows["phash"]["hit@1"]) <= float(rows["phash"]["hit@1_high"])
    assert rows["dies"]["hit@1"] == ""
    assert "SIGKILL" in rows["dies"]["reason"]
    assert [row["mark"] for row in rows.values()].count("take this") == 1
    assert next(out.rglob("recommend.png")).stat().st_size > 5000
    assert snapshot(photos) == before
    assert not list((out / "cache").glob(".recommend-*"))


def test_labels_are_used_where_there_are_any(tmp_path):
    for label in range(3):
        fill(tmp_path / "photos" / f"label{label}", 8, f"{label}-")
    out = tmp_path / "out"
    done = cli("recommend", tmp_path / "photos", "-m", "pixels", "--for", "things", "--budget", "1h", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = csv.DictReader(next(out.rglob("recommend.csv")).open())
    assert row["hit@1"] == row["labels_hit@1"] != ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--budget", "soon"), "--budget 'soon'"),
        (("--for", "cats"), "unknown purpose 'cats'"),
        (("--for", "people"), "--for people needs label folders"),
        (("-m", "phsh"), "did you mean phash"),
    ],
)
def test_odd_options_are_one_line(tmp_path, options, says):
    photos = fill(tmp_path / "photos", 6)
    assert says in one_line_error(cli("recommend", photos, *options, "--out", tmp_path / "out"))


@pytest.mark.skipif(os.getuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_is_only_read(tmp_path):
    photos = fill(tmp_path / "photos", 6)
    photos.chmod(0o555)
    try:
        done = cli("recommend", photos, "-m", "phash", "--budget", "1h", "--out", tmp_path / "out")
        assert done.returncode == 0, done.stderr
    finally:
        photos.chmod(0o755)
