"""`audit`: planted leaks are found, nothing else is, and hit@1 is given without them; bad input is one line."""

import csv
import json
import os

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.audit import headline, mislabels
from benchmarks.audit.findings import look
from benchmarks.audit.headline import headlines
from benchmarks.audit.images import open_audited
from benchmarks.audit.mislabels import with_mislabels
from benchmarks.audit.write import lines, write_audit
from benchmarks.cli.app import app
from benchmarks.core.store import Store
from datasets.errors import BenchmarkError, DataError
from datasets.registry import open_dataset
from methods.registry import load_registry

RESAVED = [cv2.IMWRITE_JPEG_QUALITY, 60]


def scene(seed: int, size=(96, 120)) -> np.ndarray:
    """A drawn picture with structure at all sizes, as photographs have it."""
    rng = np.random.default_rng(seed)
    image = np.zeros((*size, 3), np.float32)
    for cells in (3, 6, 12, 24):
        image += cv2.resize(rng.normal(0, 90 / cells**0.5, (cells, cells, 3)).astype(np.float32), size[::-1])
    return np.clip(image + 128, 0, 255).astype(np.uint8)


def slight_crop(image):
    height, width = image.shape[:2]
    return image[round(height * 0.02) : round(height * 0.98), round(width * 0.01) : round(width * 0.97)]


PLANTS = {
    "exact": lambda image: image,
    "resized": lambda image: cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
    "re-saved": lambda image: cv2.imdecode(cv2.imencode(".jpg", image, RESAVED)[1], cv2.IMREAD_COLOR),
    "cropped": slight_crop,
}


def plant(root, originals, labels=20, planted=200):
    """The originals, and copies of the first `planted` of them, each kind in turn; returns pairs of ids."""
    pairs = set()
    names = list(PLANTS)
    for number, image in enumerate(originals):
        folder = root / f"label{number % labels:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number:04d}.png"
        cv2.imwrite(str(path), image)
        if number < planted:
            kind = names[number % len(names)]
            copy = root / f"label{(number + (number % 5 == 0)) % labels:02d}" / f"{number:04d} {kind}.png"
            copy.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(copy), PLANTS[kind](image))
            pairs.add(frozenset((f"{path.parent.name}/{path.name}", f"{copy.parent.name}/{copy.name}")))
    return pairs


def found_pairs(audit):
    ids = audit.of.images.ids
    return {frozenset(map(str, ids[pair])) for pair in [*audit.identical, *audit.near]}


def audited(root, tmp_path):
    return open_audited(str(root), None, tmp_path / "drawings")


def run(*arguments):
    return CliRunner().invoke(app, ["audit", "-m", "none", *map(str, arguments)])


def require_found(audit, planted, before=frozenset()):
    """At least 95% of the planted pairs, and of what is found at most 1% else."""
    found = found_pairs(audit) - before
    assert len(found & planted) >= 0.95 * len(planted), sorted(map(sorted, planted - found))
    assert len(found - planted) <= 0.01 * len(found), sorted(map(sorted, found - planted))


def test_two_hundred_planted_leaks_are_found_and_nothing_else(tmp_path):
    planted = plant(tmp_path / "pictures", [scene(number) for number in range(260)])
    audit = look(audited(tmp_path / "pictures", tmp_path))
    require_found(audit, planted)
    counts = audit.counts()
    assert counts["identical_pairs"] == 50
    assert counts["identical_across_labels"] + counts["near_across_labels"] >= 38
    assert counts["near_across_query_and_gallery"] > 20


@pytest.mark.parametrize("name", ["lfw", "imdb-wiki"])
def test_planted_leaks_are_found_among_real_faces(tmp_path, data_dir, name):
    dataset = open_dataset(name, data_dir)
    items = dataset.items()
    chosen = np.random.default_rng(11).permutation(len(items))[:240]
    images = [cv2.cvtColor(dataset.decode(dataset.read(items[i].id), items[i].id), cv2.COLOR_RGB2BGR) for i in chosen]
    plant(tmp_path / "before", images, planted=0)
    planted = plant(tmp_path / "pictures", images)
    audit = look(audited(tmp_path / "pictures", tmp_path))
    assert len(planted) == 200
    own = found_pairs(look(audited(tmp_path / "before", tmp_path)))
    found = found_pairs(audit)
    # A copy of one of two near-identical originals is near-identical to the other, too.
    root = {str(id): str(id).split("/")[1][:4] for id in audit.of.images.ids}
    alike = {frozenset(root[id] for id in pair) for pair in own}
    known = {pair for pair in found if frozenset(root[id] for id in pair) in alike}
    require_found(audit, planted, known - planted)


def test_hit_at_1_is_given_without_leaks(tmp_path):
    """Noise: what is found beyond chance are copies, and nothing is left once they are out."""
    rng = np.random.default_rng(3)
    for number in range(60):
        folder = tmp_path / "noise" / f"label{number % 12}"
        folder.mkdir(parents=True, exist_ok=True)
        image = scene(int(rng.integers(1 << 30)))
        cv2.imwrite(str(folder / f"{number}.png"), image)
        cv2.imwrite(str(folder / f"{number}b.png"), image if number % 2 else PLANTS["resized"](image))
    audit = look(audited(tmp_path / "noise", tmp_path))
    (line,) = headlines(audit, Store(tmp_path / "out"), load_registry())
    assert (line.method, line.stored) == ("pixels", False)
    assert line.with_leaks > 0.7
    assert line.without_identical < line.with_leaks - 0.15
    assert line.without_near < 0.3


def test_what_is_not_looked_for_without_labels_is_said(tmp_path):
    for number in range(4):
        (folder := tmp_path / "own").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), scene(number))
    done = CliRunner().invoke(app, ["audit", "-m", "hog", str(tmp_path / "own"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "likely mislabels: not looked for, for these images have no labels" in done.output
    assert "byte-identical: no pair\n" in done.output


def test_of_many_queries_a_sample_is_searched_for_and_that_is_said(tmp_path, monkeypatch):
    root = tmp_path / "own"
    plant(root, [scene(seed) for seed in range(60)], labels=3, planted=5)
    audit = look(audited(root, tmp_path))
    (whole,) = headlines(audit, Store(tmp_path / "none"), load_registry())
    assert whole.sample is None
    queries = int((audit.of.roles == "query").sum())
    monkeypatch.setattr(headline, "MOST_QUERIES", queries - 1)
    (line,) = headlines(audit, Store(tmp_path / "none"), load_registry())
    assert line.sample == (queries - 1, queries)
    assert abs(line.with_leaks * (queries - 1) - whole.with_leaks * queries) <= 1
    assert any(f"(run now, {queries - 1} of {queries} queries)" in text for text in lines(audit, [line]))


def test_where_copies_are_all_that_answers_nothing_is_left_without_them(tmp_path):
    for label in "ab":
        for number in range(4):
            (folder := tmp_path / "pictures" / label).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{number}.png"), scene(0))
    done = run(tmp_path / "pictures", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "no query left without identical copies, no query left without near-identical ones" in done.output
    (record,) = (tmp_path / "out" / "audit").glob("*.json")
    (line,) = json.loads(record.read_text())["headlines"]
    assert (line["without_identical"], line["without_near"]) == (None, None)


def test_likely_mislabels_are_named(tmp_path):
    rng = np.random.default_rng(1)
    for label in range(4):
        base = scene(label)
        for number in range(10):
            folder = tmp_path / "pictures" / f"label{label}"
            folder.mkdir(parents=True, exist_ok=True)
            noisy = base.astype(np.float32) + cv2.resize(scene(rng.integers(1 << 30)), base.shape[1::-1]) * 0.5
            cv2.imwrite(str(folder / f"{number}.png"), np.clip(noisy / 1.5, 0, 255).astype(np.uint8))
    wrong = tmp_path / "pictures" / "label0" / "3.png"
    wrong.rename(tmp_path / "pictures" / "label1" / "wrong.png")
    audit = with_mislabels(look(audited(tmp_path / "pictures", tmp_path)), "pixels", load_registry())
    assert [(row["image"], row["other_label"]) for row in audit.mislabels] == [("label1/wrong.png", "label0")]
    assert "likely mislabelled, by pixels: 1 image" in lines(audit, [])
    with pytest.raises(BenchmarkError, match="no encoder"):
        with_mislabels(audit, "svm", load_registry())


@pytest.mark.parametrize(
    ("content", "here", "chosen"),
    [
        ("faces", {"mtcnn-facenet", "mobilenetv2"}, "mtcnn-facenet"),
        ("any", {"mtcnn-facenet", "mobilenetv2"}, "mobilenetv2"),
        ("objects", {"mobilenetv2", "efficientnet-lite0"}, "efficientnet-lite0"),
        ("faces", {"mobilenetv2"}, None),
        ("any", set(), None),
    ],
)
def test_mislabels_are_looked_for_with_a_network_for_such_images(tmp_path, monkeypatch, content, here, chosen):
    plant(tmp_path / "pictures", [scene(number) for number in range(4)], labels=2, planted=0)
    audit = look(audited(tmp_path / "pictures", tmp_path))
    audit.of.dataset.content = content
    monkeypatch.setattr(mislabels, "can_run", lambda spec, _: ("yes" if spec.id in here else "untrained", ""))
    assert mislabels.usual_method(audit, load_registry(), None) == chosen
    monkeypatch.setattr(mislabels, "MOST", 3)
    assert mislabels.usual_method(audit, load_registry(), None) is None


def test_the_command_looks_for_mislabels_unasked(tmp_path, monkeypatch):
    plant(tmp_path / "pictures", [scene(number) for number in range(8)], labels=2, planted=0)
    monkeypatch.setattr(mislabels, "usual_method", lambda *_: "pixels")
    arguments = ["audit", str(tmp_path / "pictures"), "--out", str(tmp_path / "out")]
    assert "likely mislabelled, by pixels:" in CliRunner().invoke(app, arguments).output
    assert "likely mislabels: not looked for" in CliRunner().invoke(app, [*arguments, "-m", "none"]).output


def test_the_command_writes_a_page_json_and_csv(tmp_path):
    root = tmp_path / "pictures"
    plant(root, [scene(number) for number in range(24)], labels=6, planted=8)
    (root / "label01" / "broken.png").write_bytes(b"")
    (root / "label01" / "notes.txt").write_text("none")
    (root / "label01" / "=1+1|<b>.png").write_bytes(b"no image")
    done = run(root, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "byte-identical: 2 pairs" in done.output
    assert "unreadable: 2 images" in done.output
    assert "ignored: 1 file passed over: 1 .txt" in done.output
    (page,) = (tmp_path / "out" / "audit").glob("*.md")
    assert "<b>" not in page.read_text().replace("`", "") or "`label01/=1+1\\|<b>.png`" in page.read_text()
    record = json.loads(page.with_suffix(".json").read_text())
    assert record["counts"]["unreadable"] == 2
    assert record["label_sizes"]["label00"] >= 4
    with page.with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["finding"] for row in rows} == {"identical", "near-identical", "unreadable"}
    assert not any(value.startswith("=") for row in rows for value in row.values())
    assert json.loads(run(root, "--out", tmp_path / "out", "--json").stdout)["counts"] == record["counts"]


def test_nothing_is_written_or_deleted_among_the_images(tmp_path):
    root = tmp_path / "pictures"
    plant(root, [scene(number) for number in range(8)], labels=4, planted=2)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert run(root, "--out", tmp_path / "out").exit_code == 0
    with pytest.raises(DataError, match="name a folder elsewhere with --out"):
        CliRunner().invoke(app, ["audit", str(root), "--out", str(root / "results")], catch_exceptions=False)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_folder_without_labels_is_audited_for_copies(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), scene(number))
    cv2.imwrite(str(tmp_path / "copy.png"), scene(1))
    audit = look(open_audited(f"folder:{tmp_path}", None, tmp_path / "drawings"))
    assert found_pairs(audit) == {frozenset(("1.png", "copy.png"))}
    assert "without labels" in lines(audit, headlines(audit, Store(tmp_path / "out"), load_registry()))[0]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "holds no images"),
        ({"a/1.png": scene(1)}, "holds one image"),
        ({"1.png": scene(1)}, "holds one image"),
        ({"a/1.png": None, "a/2.png": None}, "none of its 2 images can be read"),
    ],
    ids=["no image", "one image", "one image without a label", "only broken ones"],
)
def test_too_little_to_audit_is_one_line(tmp_path, files, reason):
    root = tmp_path / "pictures"
    root.mkdir()
    for name, image in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        if image is None:
            (root / name).write_bytes(b"broken")
        else:
            cv2.imwrite(str(root / name), image)
    with pytest.raises(DataError, match=reason):
        look(open_audited(str(root), None, tmp_path / "drawings"))


def test_only_flat_images_are_said(tmp_path):
    for number in range(4):
        (tmp_path / "flat" / f"l{number % 2}").mkdir(parents=True, exist_ok=True)
        path = tmp_path / "flat" / f"l{number % 2}" / f"{number}.png"
        cv2.imwrite(str(path), np.full((30, 30, 3), 40 * number + 9, np.uint8))
    audit = look(audited(tmp_path / "flat", tmp_path))
    assert not len(audit.near)
    assert "flat: 4 images: only flat images, so near copies cannot be told" in lines(audit, [])


def test_a_folder_that_changes_while_it_is_read_is_said(tmp_path, monkeypatch):
    root = tmp_path / "pictures"
    plant(root, [scene(number) for number in range(6)], labels=2, planted=0)
    of = audited(root, tmp_path)
    read = of.dataset.read

    def reading(id):
        data = read(id)
        os.utime(root / "label00" / "0000.png", ns=(1, 1))
        (root / "label01" / "0005.png").unlink(missing_ok=True)
        return data

    monkeypatch.setattr(of.dataset, "read", reading)
    audit = look(of)
    assert audit.changed
    assert "files changed while they were read: run it again" in lines(audit, [])
    assert len(write_audit(audit, [], tmp_path / "out")) == 3
