from collections import Counter
from datetime import date

import numpy as np
import pytest
import scipy.io
from pictures import write_jpeg

from datasets import imdb_wiki
from datasets.errors import DataError, ImageError, UnknownNameError
from datasets.imdb_wiki import ImdbWiki

CELEBRITIES = ["Ann Lee", "Bob Ray", "Cy Young"]


def datenum(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() + 366


def texts(values: list[str]) -> np.ndarray:
    column = np.empty((1, len(values)), dtype=object)
    column[0] = [np.array([value]) for value in values]
    return column


def row(path: str, celebrity: float = 1, **changes: object) -> dict[str, object]:
    return {
        "full_path": path,
        "celeb_id": celebrity,
        "dob": datenum(1960, 3, 1),
        "photo_taken": 2000,
        "gender": 1.0,
        "face_score": 3.0,
        "second_face_score": np.nan,
        "name": CELEBRITIES[int(celebrity) - 1] if 1 <= celebrity <= 3 else "Nobody",
        **changes,
    }


def save(path, struct: str, rows: list[dict[str, object]], without: tuple[str, ...] = (), names=CELEBRITIES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {}
    for field in rows[0]:
        values = [entry[field] for entry in rows]
        columns[field] = texts(values) if isinstance(values[0], str) else np.array([values])
    if struct == "imdb":
        columns["celeb_names"] = texts(names)
    else:
        del columns["celeb_id"]
    scipy.io.savemat(path, {struct: {field: column for field, column in columns.items() if field not in without}})


def make(root, rows, **options) -> ImdbWiki:
    for seed, entry in enumerate(rows):
        if entry.pop("here", True):
            write_jpeg(root / "imdb_crop" / entry["full_path"], seed)
    save(root / "imdb_crop" / "imdb.mat", "imdb", rows, **options)
    return ImdbWiki(root)


def three_celebrities() -> list[dict[str, object]]:
    photos = {1: 5, 2: 3, 3: 4}
    return [row(f"0{who}/nm{who}_{n}.jpg", who) for who, count in photos.items() for n in range(count)]


def test_items_have_identity_age_and_gender(tmp_path):
    dataset = make(tmp_path, [row("01/a.jpg", 2, gender=0.0), row("01/b.jpg", 3)])
    first, second = dataset.items()
    assert (first.id, first.label, first.meta) == ("imdb/01/a.jpg", "Bob Ray", {"age": 40, "gender": "female"})
    assert (second.label, second.meta["gender"]) == ("Cy Young", "male")
    assert dataset.imageset([first])[0].shape == (8, 12, 3)
    assert dataset.completeness() == "2 of 460,723 rows of imdb.mat, 2 usable images of 2 people"


@pytest.mark.parametrize(
    ("birthday", "taken", "age"),
    [((1960, 6, 30), 2000, 40), ((1960, 7, 1), 2000, 39), ((1959, 12, 31), 2000, 40), ((2000, 1, 1), 2000, 0)],
)
def test_photos_are_taken_in_the_middle_of_the_year(tmp_path, birthday, taken, age):
    dataset = make(tmp_path, [row("01/a.jpg", dob=datenum(*birthday), photo_taken=taken)])
    assert dataset.items()[0].meta["age"] == age


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("no face", {"face_score": -np.inf}),
        ("no face", {"face_score": np.nan}),
        ("low face score", {"face_score": 0.99}),
        ("second face", {"second_face_score": 1.5}),
        ("age out of range", {"photo_taken": 1950}),
        ("age out of range", {"photo_taken": 2062}),
        ("age out of range", {"dob": 0}),
        ("gender unknown", {"gender": np.nan}),
        ("identity unknown", {"celebrity": 0.0}),
        ("identity unknown", {"celebrity": 4.0}),
        ("file missing", {"here": False}),
    ],
)
def test_each_filter_counts_what_it_removes(tmp_path, reason, changes):
    dataset = make(tmp_path, [row("01/good.jpg"), row("01/bad.jpg", **changes)])
    assert [item.id for item in dataset.items()] == ["imdb/01/good.jpg"]
    assert +dataset.filtered == {reason: 1}


def test_a_row_counts_for_the_first_filter_only(tmp_path):
    rows = [row("01/good.jpg"), row("01/bad.jpg", here=False, gender=np.nan, face_score=-np.inf)]
    dataset = make(tmp_path, rows)
    assert len(dataset.items()) == 1
    assert dataset.filtered.total() == 1


def test_paths_out_of_the_crop_folder_are_never_opened(tmp_path):
    write_jpeg(tmp_path / "secret.jpg", 1)
    dataset = make(tmp_path / "data", [row("01/good.jpg"), row("../../secret.jpg", here=False)])
    assert [item.id for item in dataset.items()] == ["imdb/01/good.jpg"]
    for listed in (dataset, ImdbWiki(tmp_path / "data")):
        for id in (
            "imdb/../../secret.jpg",
            "imdb/01/../../../secret.jpg",
            "imdb/01/..",
            "imdb/01/gone.jpg",
            "01/good.jpg",
        ):
            with pytest.raises(ImageError, match="no such image"):
                listed.read(id)


def test_a_crop_is_read_without_reading_the_rows(tmp_path, monkeypatch):
    listed = make(tmp_path, three_celebrities())
    id = listed.items()[0].id
    dataset = ImdbWiki(tmp_path)
    monkeypatch.setattr(imdb_wiki, "read_struct", lambda *arguments: pytest.fail("read the rows"))
    assert dataset.read(id) == listed.read(id)


def test_namesakes_stay_apart(tmp_path):
    dataset = make(tmp_path, [row("01/a.jpg", 1), row("01/b.jpg", 2)], names=["Ann Lee", "Ann Lee", "Cy Young"])
    assert [item.label for item in dataset.items()] == ["Ann Lee (1)", "Ann Lee (2)"]


def test_subsets_of_celebrities_take_those_with_most_photos(tmp_path, monkeypatch):
    monkeypatch.setattr(ImdbWiki, "subsets", (*ImdbWiki.subsets, "celebs-2"))
    dataset = make(tmp_path, three_celebrities())
    split = dataset.split("celebs-2")
    assert {item.label for item in split.gallery} == {"Ann Lee", "Cy Young"}
    assert len(split.gallery) + len(split.queries) == 9


def test_fewer_celebrities_than_asked_for_are_all_taken(tmp_path):
    split = make(tmp_path, three_celebrities()).split("celebs-10")
    assert Counter(item.label for item in (*split.gallery, *split.queries)) == {
        "Ann Lee": 5,
        "Bob Ray": 3,
        "Cy Young": 4,
    }


def test_wikipedia_is_left_alone_without_its_crops(tmp_path):
    save(tmp_path / "wiki_crop" / "wiki.mat", "wiki", [row("17/1_x.jpg")])
    assert len(make(tmp_path, three_celebrities()).items()) == 12


def test_wikipedia_people_are_distractors(tmp_path):
    wiki = [row("17/10_1960.jpg", name="Someone Else"), row("17/11_1960.jpg", name="Someone Else"), row("17/12_x.jpg")]
    for seed, entry in enumerate(wiki):
        write_jpeg(tmp_path / "wiki_crop" / str(entry["full_path"]), seed)
    save(tmp_path / "wiki_crop" / "wiki.mat", "wiki", wiki)
    dataset = make(tmp_path, three_celebrities())
    split = dataset.split("full")
    distractors = [item.label for item in split.gallery if item.id.startswith("wiki/")]
    assert distractors == ["Someone Else (wiki 10)", "Someone Else (wiki 11)"]
    assert dataset.filtered["identity unknown"] == 1  # Ann Lee, who is on IMDb
    assert not any(item.id.startswith("wiki/") for item in dataset.split("celebs-100").gallery)


@pytest.mark.parametrize("without", [("celeb_id",), ("dob", "celeb_names")])
def test_missing_fields_are_named(tmp_path, without):
    with pytest.raises(DataError, match=r"imdb\.mat: the struct 'imdb' lacks " + ", ".join(without)):
        make(tmp_path, three_celebrities(), without=without).items()


def test_fields_of_different_lengths_are_refused(tmp_path):
    make(tmp_path, three_celebrities())
    path = tmp_path / "imdb_crop" / "imdb.mat"
    struct = scipy.io.loadmat(path)["imdb"][0, 0]
    columns = {name: struct[name] for name in struct.dtype.names}
    scipy.io.savemat(path, {"imdb": {**columns, "gender": np.ones((1, 2))}})
    with pytest.raises(DataError, match="differ in length"):
        ImdbWiki(tmp_path).items()


@pytest.mark.parametrize("content", [b"", b"not a mat file at all" * 20, b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "imdb_crop").mkdir()
    (tmp_path / "imdb_crop" / "imdb.mat").write_bytes(content)
    with pytest.raises(DataError, match=r"imdb\.mat: no readable Matlab file"):
        ImdbWiki(tmp_path).items()


def test_another_struct_is_refused(tmp_path):
    (tmp_path / "imdb_crop").mkdir()
    scipy.io.savemat(tmp_path / "imdb_crop" / "imdb.mat", {"wiki": {"dob": [1, 2]}})
    with pytest.raises(DataError, match="no readable Matlab file with a struct 'imdb'"):
        ImdbWiki(tmp_path).items()


def test_absent_metadata_are_asked_for(tmp_path):
    with pytest.raises(DataError, match=r"imdb\.mat is missing: unpack imdb_crop\.tar"):
        ImdbWiki(tmp_path)


def test_metadata_without_usable_images_say_why(tmp_path):
    dataset = make(tmp_path, [row("01/a.jpg", here=False), row("01/b.jpg", face_score=-np.inf)])
    with pytest.raises(DataError, match="no usable image .*1 no face.*1 file missing"):
        dataset.items()


def test_an_unknown_subset(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean celebs-10"):
        make(tmp_path, three_celebrities()).split("celebs-11")


class TestRealImages:
    @pytest.fixture(scope="class")
    def imdb(self, data_dir):
        return ImdbWiki(data_dir / "imdb-wiki")

    def test_all_but_the_planted_rows_pass(self, imdb):
        assert len(imdb.items()) == 682
        assert imdb.filtered.total() == 13
        assert +imdb.filtered == {"no face": 4, "low face score": 4, "second face": 4, "gender unknown": 1}

    def test_every_query_has_a_positive(self, imdb):
        for subset in imdb.subsets:
            split = imdb.split(subset)
            assert {item.label for item in split.queries} <= {item.label for item in split.gallery}
            assert len({item.label for item in split.gallery}) == (10 if subset == "celebs-10" else 12)

    def test_pixels(self, imdb):
        assert imdb.imageset(imdb.items()[:1])[0].shape == (112, 112, 3)
