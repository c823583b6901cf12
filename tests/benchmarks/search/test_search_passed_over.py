"""Searching and running say which files of a folder they passed over."""

import json

import pytest
from search_support import cli, encoded, fill, opened, picture, query

from benchmarks.search.errors import SearchError


@pytest.fixture
def photos(tmp_path):
    """10 pictures among 40 files; a linked folder; the output of a run."""
    root = fill(tmp_path / "photos", 8, 2)
    for number in range(20):
        (root / "label0" / f"{number}.xyz").write_bytes(b"x")
    for number in range(10):
        (root / "label1" / f"{number}.mov").write_bytes(b"x")
    (root / "label0" / "a.jfif").write_bytes(encoded(picture(50), "JPEG"))
    (root / "label0" / "b.avif").write_bytes(encoded(picture(51), "AVIF"))
    fill(tmp_path / "elsewhere", 3)
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    for name in ("cells", "cache", "runs"):
        (root / "results" / name).mkdir(parents=True)
    picture(60).save(root / "results" / "cache" / "60.png")
    return root


def test_a_gallery_says_what_it_passed_over(photos, tmp_path):
    searcher = opened(photos, tmp_path / "index")
    assert len(searcher.gallery) == 10
    answer = searcher.search(query(50))
    assert answer.hits[0].path == "label0/a.jfif"
    assert "30 files passed over: 20 .xyz, 10 .mov" in answer.notes
    assert "1 linked folder passed over: links to folders are not followed" in answer.notes
    assert "left out as written by this tool: results" in answer.notes


def test_a_folder_of_links_says_so(tmp_path):
    fill(tmp_path / "elsewhere", 3)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SearchError, match="holds no images.*1 linked folder passed over"):
        opened(tmp_path / "root", tmp_path / "index")


def test_commands_say_what_was_passed_over(photos, tmp_path):
    (tmp_path / "q.png").write_bytes(encoded(picture(3)))
    found = cli("search", "q.png", "-g", photos, "-m", "phash", "--no-thumbnails", cwd=tmp_path)
    assert "30 files passed over: 20 .xyz, 10 .mov" in found.stdout.decode(), found.stderr
    found = cli("search", "q.png", "-g", photos, "-m", "phash", "--json", cwd=tmp_path)
    assert any("30 files passed over" in note for note in json.loads(found.stdout)[0]["answers"][0]["notes"])
    plan = cli("run", "-m", "phash", "-d", f"folder:{photos}", "--subset", "smoke", "--dry-run", cwd=tmp_path)
    assert "10 images of 2 labels, 1 link ignored; 30 files passed over: 20 .xyz, 10 .mov" in plan.stdout.decode(), (
        plan.stderr
    )


def test_a_run_in_the_photo_folder_makes_no_label_of_its_results(tmp_path):
    root = fill(tmp_path / "photos", 24, 4)
    run = ("run", "-m", "phash", "-d", "folder:.", "--subset", "smoke", "--task", "retrieval")
    for out in ("results", "."):
        for _ in range(2):
            done = cli(*run, "--out", out, cwd=root)
            assert done.returncode == 0, done.stderr
            assert "24 images of 4 labels" in done.stdout.decode()
    assert "left out as written by this tool" in done.stdout.decode()
    assert "0 cells run, 4 as stored" in done.stdout.decode()
