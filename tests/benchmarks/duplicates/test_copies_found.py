"""Copies within a folder: planted ones are found, strangers are not merged, and nothing of the folder is touched."""

import hashlib
import shutil
from functools import partial

import cv2
import numpy as np
import pytest
from copies_support import burst, photo, save

from benchmarks.duplicates import copies, kept_checks, now_and_then
from benchmarks.duplicates.finding import find_copies
from benchmarks.duplicates.written import to_json, told
from benchmarks.search import folder_gallery
from benchmarks.search.searcher import Places
from datasets import distortions
from datasets.decoding import decode_image
from datasets.errors import BenchmarkError

STRANGERS = 12


def listing(root):
    return {
        path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).digest())
        for path in root.rglob("*")
        if path.is_file()
    }


def paths(finding):
    return [{picture.path for picture in group} for group in finding.groups]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Twelve strangers, copies of six of them, three shots of one scene, two flat pictures and a broken file."""
    root = tmp_path_factory.mktemp("copies") / "photos"
    for seed in range(STRANGERS):
        save(root / f"p{seed}.png", photo(seed))
    shutil.copy(root / "p0.png", root / "again.png")
    save(root / "half.png", cv2.resize(photo(0), (160, 120), interpolation=cv2.INTER_AREA))
    save(root / "wide.jpg", cv2.resize(photo(0), (400, 240), interpolation=cv2.INTER_AREA), quality=70)
    save(root / "turned.png", np.ascontiguousarray(np.rot90(photo(1))))
    save(root / "mirrored.png", distortions.flip(photo(2)))
    save(root / "cut.png", distortions.crop(photo(3)))
    save(root / "hard.jpg", distortions.watermark(distortions.gamma(distortions.crop(photo(4)))), quality=40)
    save(root / "mirrored-hard.jpg", distortions.rotate(distortions.flip(distortions.crop(photo(4)))), quality=60)
    both = np.full((480, 640, 3), 255, np.uint8)
    both[60:300, :320], both[60:300, 320:] = photo(5), photo(6)
    save(root / "collage.png", both)
    for shot in range(3):
        save(root / f"burst{shot}.png", burst(7, shot))
    for number in range(2):
        save(root / f"flat{number}.png", np.full((90, 120, 3), 80 + number, np.uint8))
    (root / "broken.jpg").write_bytes(b"no image")
    return root


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return Places(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def finding(root, places):
    before = listing(root)
    root.chmod(0o555)
    found = find_copies(root, "copies", places)
    root.chmod(0o755)
    assert listing(root) == before, "nothing of the folder's was written, changed or deleted"
    return found


@pytest.mark.parametrize(
    "group",
    [
        {"p0.png", "again.png", "half.png", "wide.jpg"},
        {"p1.png", "turned.png"},
        {"p2.png", "mirrored.png"},
        {"p3.png", "cut.png"},
        {"p4.png", "hard.jpg", "mirrored-hard.jpg"},
    ],
    ids=["same file and other sizes", "quarter turn", "mirror", "crop", "composed edits"],
)
def test_copies_of_every_kind_are_one_group(finding, group):
    assert group in paths(finding)


def test_a_collage_does_not_merge_the_strangers_it_holds(finding):
    assert {"collage.png", "p5.png"} in paths(finding) or {"collage.png", "p6.png"} in paths(finding)
    assert len(finding.groups) == 6
    ((one, other, _),) = finding.across
    assert "collage.png" in (one, other)
    assert {one, other} & {"p5.png", "p6.png"}


def test_shots_of_one_scene_strangers_and_flat_pictures_are_in_no_group(finding):
    grouped = set.union(*paths(finding))
    assert not grouped & {f"burst{shot}.png" for shot in range(3)}
    assert not grouped & {"p7.png", "p8.png", "p9.png", "flat0.png", "flat1.png"}
    assert any("2 pictures of one flat colour" in note for note in finding.notes)
    assert any("1 image skipped (first: broken.jpg: not an image" in note for note in finding.notes)


def test_the_copy_to_keep_has_most_pixels_then_is_sharpest_then_has_most_bytes(finding, tmp_path, places):
    group = next(group for group in finding.groups if group[0].path.startswith(("p0", "again", "half", "wide")))
    assert group[0].path == "wide.jpg", "most pixels"
    root = tmp_path / "three"
    save(root / "blurred.png", cv2.GaussianBlur(photo(1), (0, 0), 1.5))
    save(root / "original.png", photo(1))
    save(root / "saved.jpg", photo(1), quality=95)
    (group,) = find_copies(root, "copies", places).groups
    assert group[0].path == "original.png"


def test_a_large_jpeg_that_is_read_at_half_its_size_is_the_one_to_keep(tmp_path, monkeypatch):
    root = tmp_path / "photos"
    save(root / "large.jpg", photo(0))
    save(root / "smaller.png", cv2.resize(photo(0), (200, 150), interpolation=cv2.INTER_AREA))
    monkeypatch.setattr(folder_gallery, "decode_image", partial(decode_image, max_pixels=32_000))
    ((best, other),) = find_copies(root, "copies", Places(tmp_path / "index")).groups
    assert (best.path, best.width, best.height) == ("large.jpg", 320, 240)
    assert (other.width, other.height) == (200, 150)


@pytest.fixture
def compared(monkeypatch):
    """The pairs of contents that are compared, by what: they are added as that happens."""
    made = []

    def watched(name):
        compare = getattr(copies, name)

        def wrapped(pictures, one, other, way):
            made.append((name, pictures.contents[one], pictures.contents[other], way))
            return compare(pictures, one, other, way)

        monkeypatch.setattr(copies, name, wrapped)

    watched("_frames_agree")
    watched("_features_agree")
    return made


def test_an_unchanged_folder_is_not_compared_again(root, finding, places, compared):
    done = []
    again = find_copies(root, "copies", places, advance=lambda what, *_: done.append(what))
    assert not compared
    assert not {"encoding", "comparing hashes", "comparing features"} & set(done)
    assert to_json(again) == to_json(finding)


def test_no_pair_is_compared_twice_and_the_answer_is_that_of_a_first_call(tmp_path, places, compared):
    root = tmp_path / "photos"
    for seed in range(6):
        save(root / f"p{seed}.png", photo(seed))
    save(root / "half.png", cv2.resize(photo(0), (160, 120), interpolation=cv2.INTER_AREA))
    save(root / "cut.png", distortions.crop(photo(3)))
    find_copies(root, "copies", places)
    first = set(compared)
    assert first
    save(root / "mirrored.png", distortions.flip(photo(2)))
    (root / "p5.png").unlink()
    compared.clear()
    changed = find_copies(root, "copies", places)
    new = set(compared)
    assert {"p2.png", "mirrored.png"} in paths(changed)
    assert new
    assert not new & first
    compared.clear()
    assert to_json(changed) == to_json(find_copies(root, "copies", Places(tmp_path / "index")))
    assert set(compared) & first, "the others were compared for the first answer"


def test_what_was_compared_before_an_interruption_is_kept(tmp_path, places, compared, monkeypatch):
    root = tmp_path / "photos"
    for seed in range(3):
        save(root / f"p{seed}.png", photo(seed))
        save(root / f"half{seed}.png", cv2.resize(photo(seed), (160, 120), interpolation=cv2.INTER_AREA))

    def interrupted(pictures, one, other, way):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copies, "_features_agree", interrupted)
        patch.setattr(copies, "SURE", 2)  # features are compared of every pair
        with pytest.raises(KeyboardInterrupt):
            find_copies(root, "copies", places)
    before = list(compared)
    assert len(before) >= 3
    compared.clear()
    assert len(find_copies(root, "copies", places).groups) == 3
    assert not set(before) & set(compared)


def test_what_was_compared_before_the_process_was_killed_is_kept_and_said(
    tmp_path, places, compared, monkeypatch, caplog
):
    root = tmp_path / "photos"
    for seed in range(3):
        save(root / f"p{seed}.png", photo(seed))
        save(root / f"half{seed}.png", cv2.resize(photo(seed), (160, 120), interpolation=cv2.INTER_AREA))
    monkeypatch.setattr("datasets.notes._noted", set())  # what was said before is not said again
    monkeypatch.setattr(now_and_then, "SAVE_SECONDS", 0)
    monkeypatch.setattr(now_and_then, "WORTH", 0)
    find_copies(root, "copies", places)
    made = list(compared)
    with monkeypatch.context() as patch:  # what a process that is killed does not come to
        patch.setattr(kept_checks, "_write", written_until(len(made) - 1))
        find_copies(root, "copies", again := Places(tmp_path / "killed"))
    compared.clear()
    assert len(find_copies(root, "copies", again).groups) == 3
    assert compared == made[-1:]
    assert f"goes on: {len(made) - 1} pairs have been compared" in caplog.text


def written_until(count):
    """Checks are written so many times, and then no more."""
    write, written = kept_checks._write, []

    def some(*arguments):
        written.append(arguments)
        if len(written) <= count:
            write(*arguments)

    return some


def test_damaged_checks_are_made_again(tmp_path, places, compared):
    root = tmp_path / "photos"
    save(root / "p.png", photo(0))
    save(root / "half.png", cv2.resize(photo(0), (160, 120), interpolation=cv2.INTER_AREA))
    first = find_copies(root, "copies", places)
    (kept,) = (places.index / first.gallery.key).rglob("checks-*.npz")
    for damage in (lambda data: data[:100], lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:]):
        kept.write_bytes(damage(kept.read_bytes()))
        compared.clear()
        assert to_json(find_copies(root, "copies", places)) == to_json(first)
        assert compared


def test_a_catalogue_method_compares_the_rows_that_search_keeps(root, places):
    found = find_copies(root, "phash", places, threshold=-4)
    assert {"p0.png", "again.png", "half.png", "wide.jpg"} in paths(found)
    assert not any("p8.png" in group for group in paths(found))
    assert not any(name.startswith("flat") for group in paths(found) for name in group)
    everything = find_copies(root, "phash", places, threshold=-24)
    assert everything.across
    assert any(
        " in no group together: in a group each picture is alike to every other one" in line
        for line in told(everything)
    )


@pytest.mark.parametrize("method", ["copies", "phash"])
def test_only_copies_of_one_file(tmp_path, places, method):
    root = tmp_path / "photos"
    first = save(root / "a.png", photo(0))
    for name in ("b.png", "c.png"):
        shutil.copy(first, root / name)
    finding = find_copies(root, method, places)
    assert paths(finding) == [{"a.png", "b.png", "c.png"}]
    assert finding.spare == 2


@pytest.mark.parametrize(
    ("pictures", "method", "says"),
    [
        ([], "copies", "holds no images"),
        ([photo(0)], "copies", "holds one picture that can be read: there is nothing to compare it with"),
        (
            [np.full((60, 60, 3), tone, np.uint8) for tone in (10, 200, 90)],
            "copies",
            "nothing to search for: 3 pictures",
        ),
        ([photo(0), photo(1)], "sift-indexed", "keeps no rows to compare"),
        ([photo(0), photo(1)], "phsh", "did you mean phash"),
    ],
)
def test_a_folder_or_method_that_cannot_be_compared(tmp_path, places, pictures, method, says):
    root = tmp_path / "photos"
    root.mkdir()
    for number, image in enumerate(pictures):
        save(root / f"{number}.png", image)
    with pytest.raises(BenchmarkError, match=says):
        find_copies(root, method, places)


def test_a_picture_that_goes_while_it_is_read_is_left_out(tmp_path, places):
    root = tmp_path / "photos"
    for seed in range(4):
        save(root / f"p{seed}.png", photo(seed))
    save(root / "half.png", cv2.resize(photo(0), (160, 120)))

    def advance(what, done, total):
        if what == "comparing hashes":
            (root / "half.png").unlink(missing_ok=True)
        if what == "looking for images":
            (root / "p3.png").unlink(missing_ok=True)

    finding = find_copies(root, "copies", places, advance=advance)
    ((best, gone),) = finding.groups
    assert (best.path, gone.path, gone.width) == ("p0.png", "half.png", 0)


@pytest.mark.parametrize("gone", [2, 5])
def test_pictures_that_go_meanwhile_are_counted(tmp_path, gone):
    """Listed, and removed before they were looked at."""
    for seed in range(5):
        save(tmp_path / "photos" / f"p{seed}.png", photo(seed))

    def remove(what, done, total):
        if what == "looking for images":
            for seed in range(gone):
                (tmp_path / "photos" / f"p{seed}.png").unlink()

    def find():
        return find_copies(tmp_path / "photos", "copies", Places(tmp_path / "index"), advance=remove)

    said = f"left out: {gone} images that could not be read just now"
    if gone < 5:
        assert said in find().notes
    else:
        with pytest.raises(BenchmarkError, match=said):
            find()
