"""Queries as people have them: odd files answer with a clear message, and what was done to a picture is said."""

import io

import numpy as np
import pytest
from PIL import Image
from search_support import encoded, fill, opened, picture

from benchmarks.search.errors import SearchError
from benchmarks.search.query import MOST_BYTES, Crop, cropped, queries_of, read_query
from datasets.errors import ImageError


def huge_png() -> bytes:
    """A header that promises 20,000 x 20,000 pixels."""
    header = bytearray(encoded(Image.new("L", (1, 1))))
    header[16:24] = (20_000).to_bytes(4, "big") * 2
    import zlib

    header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")
    return bytes(header)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"this is a letter", "not an image"),
        (encoded(picture(1))[:200], "cannot be decoded"),
        (encoded(Image.new("RGB", (1, 1))), "1x1 pixels are too few"),
        (encoded(Image.new("RGB", (500, 2))), "500x2 pixels are too few"),
        (huge_png(), "larger than 50,000,000 pixels"),
        (b"\xff" * (MOST_BYTES + 1), "more than 64 MiB"),
    ],
    ids=["empty", "text", "truncated", "1x1", "a line", "20000x20000", "many bytes"],
)
def test_what_cannot_be_searched_for_says_why(data, says):
    with pytest.raises(ImageError, match=says) as caught:
        read_query(data, "mine.png")
    assert str(caught.value).startswith("mine.png: ")
    assert "\n" not in str(caught.value)


def test_an_ordinary_picture_has_no_notes():
    assert read_query(encoded(picture(1)), "mine.png").notes == ()


def test_cmyk_is_converted_and_said():
    query = read_query(encoded(picture(1).convert("CMYK"), "JPEG"), "mine.jpg")
    assert query.image.shape == (48, 60, 3)
    assert "CMYK" in query.notes[0]


def test_sixteen_bits_keep_their_high_byte_and_say_so():
    pixels = np.full((20, 30), 0x80FF, dtype=np.uint16)
    query = read_query(encoded(Image.fromarray(pixels)), "mine.png")
    assert (query.image == 0x80).all()
    assert "16 bits" in query.notes[0]


def test_of_an_animation_the_first_frame_is_taken_and_said():
    red, blue = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")
    query = read_query(encoded(red, "GIF", save_all=True, append_images=[blue]), "mine.gif")
    assert query.image[0, 0, 0] > 200
    assert "first frame" in query.notes[0]


@pytest.mark.parametrize("kind", ["TIFF", "MPO"])
def test_several_pictures_in_a_file_are_no_animation(kind):
    red, blue = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")
    query = read_query(encoded(red, kind, save_all=True, append_images=[blue]), "mine")
    assert query.notes == (f"a file of several pictures ({kind}): only the first is searched for",)


def test_a_rotated_photograph_is_turned_upright_and_said():
    exif = Image.Exif()
    exif[0x0112] = 6
    query = read_query(encoded(picture(1), "JPEG", exif=exif), "mine.jpg")
    assert query.image.shape == (60, 48, 3)
    assert "upright" in query.notes[0]


def test_transparency_is_said():
    clear = picture(1).convert("RGBA")
    clear.putalpha(0)
    query = read_query(encoded(clear), "mine.png")
    assert (query.image == 255).all()
    assert "transparent" in query.notes[0]


def test_a_region_is_cut_out_and_said():
    query = read_query(encoded(picture(1)), "mine.png")
    region = cropped(query, Crop.parse("10,5,20,30"))
    assert np.array_equal(region.image, query.image[5:35, 10:30])
    assert region.notes == ("searched for the region 10,5,20,30 alone",)


def test_what_lies_outside_the_picture_is_cut_off_and_said():
    region = cropped(read_query(encoded(picture(1)), "mine.png"), Crop(-10, 30, 40, 40))
    assert region.image.shape == (18, 30, 3)
    assert "cut off" in region.notes[0]


@pytest.mark.parametrize("text", ["60,0,10,10", "0,48,10,10", "-30,0,20,20"])
def test_a_region_outside_the_picture_names_its_size(text):
    with pytest.raises(SearchError, match="60x48"):
        cropped(read_query(encoded(picture(1)), "mine.png"), Crop.parse(text))


def test_a_region_too_small_to_search_for_is_refused():
    with pytest.raises(ImageError, match="3x3 pixels are too few"):
        cropped(read_query(encoded(picture(1)), "mine.png"), Crop(1, 1, 3, 3))


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "0,0,0,10", "0,0,10,-1", "1.5,0,10,10"])
def test_a_region_that_is_none(text):
    with pytest.raises(SearchError, match="--crop"):
        Crop.parse(text)


def test_files_lists_and_standard_input(tmp_path, monkeypatch):
    picture(1).save(tmp_path / "a.png")
    picture(2).save(tmp_path / "b with space.png")
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'a.png'}\n\n{tmp_path / 'b with space.png'}\n")
    stdin = type("Stdin", (), {"buffer": io.BytesIO(encoded(picture(3)))})
    monkeypatch.setattr("sys.stdin", stdin)
    names = [q.name for q in queries_of([str(tmp_path / "a.png"), "-", f"@{tmp_path / 'list.txt'}"])]
    assert [name.rpartition("/")[2] for name in names] == ["a.png", "standard input", "a.png", "b with space.png"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("https://example.org/a.jpg", "nothing is downloaded"),
        ("/no/such/file.jpg", "No such file"),
        ("/", "Is a directory"),
        ("@/no/such/list", "No such file.*after @ name a list"),
        ("@/dev/zero", "is a device"),
        ("@/dev/null", "is a device"),
        ("/dev/zero", "is a device, not a regular file; name an image file, or -"),
        ("~no-such-user/a.png", "No such file"),
        ("a\0b.png", "null byte"),
        ("-", "standard input: cannot be read"),
    ],
)
def test_names_that_cannot_be_read(name, says):
    with pytest.raises((SearchError, ImageError), match=says):
        list(queries_of([name]))


def test_a_jpeg_that_lacks_its_last_bytes_is_searched_for_and_found(tmp_path):
    root = fill(tmp_path / "photos", 5)
    for number in (1, 2):
        whole = encoded(picture(50 + number, (200, 160)), "JPEG")
        (root / f"cut{number}.jpg").write_bytes(whole[:-3])
    for _ in range(2):  # the second time nothing is decoded
        searcher = opened(root, tmp_path / "index")
        query = read_query((root / "cut1.jpg").read_bytes(), "mine.jpg")
        answer = searcher.search(query)
        assert "lacks its last bytes" in query.notes[0]
        assert (answer.hits[0].path, answer.verdict) == ("cut1.jpg", "match")
        assert "2 files lack their last bytes and are read with the rest grey" in answer.notes
