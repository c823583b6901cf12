"""README's table is the winners of each family; its picture says which overview it was drawn from."""

import csv
from typing import get_args

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.reporting.publishing.readme import BEGIN, END, PICTURE, stale_parts, update_readme
from benchmarks.reporting.publishing.readme_picture import SOURCE, draw_picture, source_of
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.summary import Summarised, run_line
from benchmarks.reporting.tables.winners import winners, winners_table
from methods.spec import Family


def row(method, family, hit, **changes):
    line = {"method": method, "shown_method": method, "family": family, "hit@1": hit, "word": "", "reference": ""}
    line |= {"p50_ms": 1.0, "peak_bytes": 2**20, "index_bytes_per_image": 8, "gallery": 10, "queries": 5}
    return line | {"machine": "a machine", "threads": 2, "jobs": 1, "gallery_images_per_s": 9.0} | changes


def members():
    first = [
        row("phash", "hash", 0.1),
        row("dhash", "hash", 0.2),
        row("hog", "pixels", 0.4),
        row("vgg", "embedding", None),
    ]
    first += [row("oracle", "canary", 1.0), row("dhash-mih", "hash", 0.9, reference="dhash")]
    second = [
        row("phash", "hash", 0.3),
        row("dhash", "hash", 0.2),
        row("hog", "pixels", 0.1),
        row("cnn", "embedding", 0.7),
    ]
    third = [row("phash", "hash", 0.1), row("ahash", "hash", 0.9)]
    sets = zip(("a", "b", "c"), (first, second, third), strict=True)
    return [Summarised(title, "standard", rows) for title, rows in sets]


def write_overview(folder, methods):
    """An overview.csv of three data sets and `methods` methods, spread over all families."""
    families = get_args(Family)
    path = folder / "overview.csv"
    rows = [
        row(f"m{number}", families[number % len(families)], ((number * step) % 97) / 97, engine="keras", status="ok")
        | {"dataset": title, "subset": "standard", "task": "retrieval", "supervised": False, "trained": True}
        | {"hit@1_mark": ""}
        for title, step in (("a", 31), ("b", 53), ("c", 71))
        for number in range(methods)
    ]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_winners_are_the_best_of_each_family_on_the_first_two_data_sets_sorted_by_the_first():
    assert winners(members()) == ["hog", "dhash", "phash", "cnn"]


def test_a_winner_of_another_search_over_the_same_rows_or_a_canary_has_no_row():
    shown = to_markdown(winners_table(members(), {"hog": 0.75}))
    assert "| oracle" not in shown and "dhash-mih" not in shown and "ahash" not in shown
    assert "| hog | pixels | 0.400 | 0.750 | 0.100 |" in shown
    assert "oracle 1.000 / – / –" in shown


def test_where_images_come_from_stands_below_the_table():
    origin = [Summarised("faces (stand-in: 12 people)", "standard", members()[0].rows), members()[1]]
    shown = to_markdown(winners_table(origin, {}))
    assert "| faces\\* hit@1 | b hit@1 |" in shown
    assert "\n\\* faces (stand-in: 12 people).\n" in shown


def test_no_more_than_a_dozen_rows_whatever_the_catalogue(tmp_path):
    update_readme(readme := written(tmp_path), write_overview(tmp_path, 60), "standard")
    assert 1 <= readme.read_text().count("\n| m") <= 12


def written(folder, picture=False):
    readme = folder / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n" + (f"![x]({PICTURE})\n" if picture else ""))
    return readme


def stamped(path, source):
    info = PngInfo()
    info.add_text(SOURCE, source)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)


def test_a_picture_of_another_overview_is_stale(tmp_path):
    overview = write_overview(tmp_path, 4)
    readme = written(tmp_path)
    update_readme(readme, overview, "standard")
    readme.write_text(readme.read_text() + f"![x]({PICTURE})\n")
    assert stale_parts(readme, overview, "standard") == ["picture"]
    stamped(tmp_path / PICTURE, source_of(overview))
    assert stale_parts(readme, overview, "standard") == []
    write_overview(tmp_path, 5)
    assert stale_parts(readme, overview, "standard") == ["table", "picture"]


def test_the_picture_is_drawn_with_its_source(tmp_path):
    pytest.importorskip("adjustText", reason="the package adjustText is not installed")
    overview = write_overview(tmp_path, 4)
    draw_picture(members(), overview, tmp_path / PICTURE)
    with Image.open(tmp_path / PICTURE) as image:
        assert image.info[SOURCE] == source_of(overview)
        assert image.width > 800


@pytest.mark.parametrize(("p50", "said"), [(None, False), (2.0, True)])
def test_only_cells_that_were_timed_beside_others_disturb_each_other(p50, said):
    alone = {"machine": "C", "threads": 2, "jobs": 1, "p50_ms": 1.0}
    line = run_line([Summarised("lfw", "standard", [alone, {**alone, "jobs": 2, "p50_ms": p50}], "", [])])
    assert ("side by side" in line) == said
