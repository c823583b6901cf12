import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import encode, noise
from PIL import Image as Pillow

from datasets.decoding import decode_image, is_turned, upright_size
from datasets.errors import ImageError

LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}


@pytest.mark.parametrize("format", LOSSLESS)
@given(width=st.integers(1, 40), height=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_lossless_rgb_picture_comes_back_as_it_was(format, width, height, seed):
    picture = noise(seed, width, height)
    pixels = decode_image(encode(picture, format, **LOSSLESS[format]), "x")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.asarray(picture))


def test_jpeg_channels_are_red_green_blue():
    pixels = decode_image(encode(Pillow.new("RGB", (16, 16), (250, 10, 60)), "JPEG", quality=95), "x")
    np.testing.assert_allclose(pixels[8, 8], (250, 10, 60), atol=4)


def test_exif_rotation_is_applied():
    picture = Pillow.new("RGB", (20, 10), "black")
    picture.paste("white", (0, 0, 10, 10))  # left half white
    exif = Pillow.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise to see it upright"
    pixels = decode_image(encode(picture, "JPEG", exif=exif), "x")
    assert pixels.shape == (20, 10, 3)
    assert pixels[:8].min() > 240
    assert pixels[12:].max() < 15


@pytest.mark.parametrize("orientation", [0, 1, 9, 65_535])
def test_an_orientation_that_means_nothing_turns_nothing(orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    data = encode(noise(1, 20, 10), "JPEG", exif=exif)
    assert decode_image(data, "x").shape == (10, 20, 3)
    with Pillow.open(io.BytesIO(data)) as picture:
        assert not is_turned(picture)


def test_damaged_exif_does_not_cost_the_picture():
    data = encode(noise(1), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x00")
    assert decode_image(data, "x").shape == (8, 12, 3)


def test_transparency_is_laid_on_white():
    picture = Pillow.new("RGBA", (2, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), (200, 0, 0, 128))
    pixels = decode_image(encode(picture), "x")
    np.testing.assert_array_equal(pixels[0, 0], (255, 255, 255))
    np.testing.assert_allclose(pixels[0, 1].astype(int), (227, 127, 127), atol=1)


def test_a_transparent_palette_entry_is_white_too():
    picture = Pillow.new("P", (2, 1), 0)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.putpixel((1, 0), 1)
    pixels = decode_image(encode(picture, transparency=0), "x")
    np.testing.assert_array_equal(pixels[0], [(255, 255, 255), (10, 20, 30)])


@pytest.mark.parametrize(
    ("ink", "ground"),
    [((255, 255, 255), "black"), ((245, 250, 240), "black"), ((0, 0, 0), "white"), ((200, 30, 30), "white")],
)
def test_the_ground_below_transparency_is_the_one_on_which_it_shows(ink, ground):
    logo = Pillow.new("RGBA", (60, 40), (0, 0, 0, 0))
    logo.paste((*ink, 255), (20, 10, 40, 30))
    notes: list[str] = []
    pixels = decode_image(encode(logo), "x", notes=notes)
    assert pixels[0, 0].tolist() == [255 if ground == "white" else 0] * 3
    assert pixels[20, 30].tolist() == list(ink)
    assert f"laid on {ground}" in notes[0]


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_sixteen_bit_files_keep_the_bits_in_use(extension, channels, bits):
    plain = np.random.default_rng(bits).integers(0, 256, (7, 9, channels), dtype=np.uint16)
    plain[0, 0] = 255
    if channels == 4:
        plain[:, :, 3] = 255
    deep = (plain << (bits - 8)) + (plain >> (16 - bits) if bits > 8 else 0)
    data = cv2.imencode(extension, deep)[1].tobytes()
    notes: list[str] = []
    pixels = decode_image(data, "x", notes=notes)
    expected = plain[:, :, 2::-1] if channels > 1 else np.repeat(plain, 3, axis=2)
    np.testing.assert_array_equal(pixels, expected)
    if bits < 16:
        assert f"read as {bits} bits" in notes[0]


def grey_and_alpha(grey: np.ndarray, alpha: int) -> bytes:
    """A PNG of 16 bits of grey and of alpha, which neither Pillow nor OpenCV writes."""
    values = np.dstack([grey, np.full_like(grey, alpha)]).astype(">u2")
    shape = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 16, 4, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + row.tobytes() for row in values))
    chunks = ((b"IHDR", shape), (b"IDAT", content), (b"IEND", b""))
    parts = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("alpha", [255, 65_535])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_sixteen_bits_of_grey_and_alpha_keep_the_bits_in_use(bits, alpha):
    plain = np.random.default_rng(bits).integers(0, 256, (7, 9), dtype=np.uint16)
    plain[0, 0] = 255
    pixels = decode_image(grey_and_alpha(plain << (bits - 8), alpha), "x")
    np.testing.assert_array_equal(pixels, np.repeat(plain[:, :, None], 3, axis=2))


def test_an_alpha_of_eight_of_sixteen_bits_hides_nothing():
    plain = np.random.default_rng(0).integers(0, 65_536, (7, 9, 4), dtype=np.uint16)
    plain[:, :, 3] = 255
    pixels = decode_image(cv2.imencode(".png", plain)[1].tobytes(), "x")
    np.testing.assert_array_equal(pixels, plain[:, :, 2::-1] >> 8)


@pytest.mark.parametrize(("factor", "shift"), [(100_000, 0), (100, -20_000), (1, -3)])
def test_whole_numbers_beyond_sixteen_bits_are_spread_rather_than_cut(factor, shift):
    plain = np.random.default_rng(0).integers(0, 256, (7, 9), dtype=np.int32)
    plain[0, :2] = 0, 255
    notes: list[str] = []
    pixels = decode_image(encode(Pillow.fromarray(plain * factor + shift), "TIFF"), "x", notes=notes)
    np.testing.assert_allclose(pixels[:, :, 0], plain, atol=1)
    assert notes == [f"whole numbers from {shift:,} to {255 * factor + shift:,}: spread over 8 bits"]


def test_a_dark_picture_of_eight_bits_stays_dark():
    dark = Pillow.fromarray(np.random.default_rng(0).integers(0, 20, (8, 8, 3), dtype=np.uint8))
    np.testing.assert_array_equal(decode_image(encode(dark), "x"), np.asarray(dark))


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA"])
def test_grey_and_palette_pictures_become_rgb(mode):
    pixels = decode_image(encode(Pillow.new("L", (5, 3), 255).convert(mode)), "x")
    np.testing.assert_array_equal(pixels, np.full((3, 5, 3), 255))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_high_byte(format):
    values = np.array([[0, 255, 256, 40_000, 65_535]], dtype=np.uint16)
    pixels = decode_image(encode(Pillow.fromarray(values), format), "x")
    np.testing.assert_array_equal(pixels[0], np.repeat([[0], [0], [1], [156], [255]], 3, axis=1))


def test_cmyk_becomes_rgb():
    cmyk = Pillow.new("CMYK", (8, 8), (0, 255, 255, 0))
    pixels = decode_image(encode(cmyk, "JPEG", quality=95), "x")
    np.testing.assert_allclose(pixels[4, 4].astype(int), (255, 0, 0), atol=4)


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Pillow.new("RGB", (6, 4), colour) for colour in ("red", "blue")]
    pixels = decode_image(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), "x")
    np.testing.assert_array_equal(pixels, np.broadcast_to((255, 0, 0), (4, 6, 3)))


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", b"\xff\xd8\xff", bytes(500)])
def test_what_is_no_image_is_named_in_the_error(data):
    with pytest.raises(ImageError, match=r"^holiday/1\.jpg: .*(empty|not an image|cannot be decoded)"):
        decode_image(data, "holiday/1.jpg")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_pictures_are_refused(format, share):
    data = encode(noise(3, 90, 90), format)
    with pytest.raises(ImageError, match="^x: "):
        decode_image(data[: int(len(data) * share)], "x")


@given(st.binary(max_size=300), st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"]))
def test_damage_raises_nothing_but_image_errors(garbage, format):
    data = encode(noise(4), format)
    try:
        pixels = decode_image(data[:60] + garbage + data[60 + len(garbage) :], "x")
    except ImageError as error:
        assert "\n" not in str(error)
    else:
        assert pixels.ndim == 3
        assert pixels.dtype == np.uint8


def test_formats_beyond_the_ordinary_are_refused():
    with pytest.raises(ImageError, match="known format"):
        decode_image(encode(noise(5), "PPM"), "x")


def test_floating_point_pixels_are_refused():
    with pytest.raises(ImageError, match="8 bits"):
        decode_image(encode(Pillow.new("F", (4, 4), 0.5), "TIFF"), "x")


def test_the_size_limit_counts_pixels():
    data = encode(noise(6, 10, 10))
    assert decode_image(data, "x", max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(ImageError, match="10x10 is larger than 99 pixels"):
        decode_image(data, "x", max_pixels=99)


@pytest.mark.parametrize("format", ["JPEG", "MPO"])
def test_a_large_jpeg_is_read_at_half_its_size(format):
    picture = noise(7, 6, 4).resize((121, 80), Pillow.Resampling.BICUBIC)
    second = {"save_all": True, "append_images": [noise(8, 10, 10)]} if format == "MPO" else {}
    data = encode(picture, format, quality=95, **second)
    notes = []
    pixels = decode_image(data, "x", max_pixels=121 * 80 // 4 + 121, notes=notes)
    assert pixels.shape == (40, 61, 3)
    assert notes == ["a large JPEG, read at half its width and height, in which regions and faces count"]
    half = np.asarray(picture.resize((61, 40), Pillow.Resampling.BOX)).astype(int)
    assert np.abs(pixels - half).mean() < 6
    assert decode_image(data, "x", max_pixels=121 * 80).shape == (80, 121, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_of_a_stored_picture_is_that_of_its_upright_pixels(orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    data = encode(noise(7, 12, 8), "JPEG", exif=exif)
    height, width, _ = decode_image(data, "x").shape
    assert upright_size(data, "x") == (width, height)
    halves = decode_image(data, "x", max_pixels=12 * 8 // 4).shape
    assert halves == (height // 2, width // 2, 3)
    with pytest.raises(ImageError, match="x: cannot be opened"):
        upright_size(b"no image", "x")


@pytest.mark.parametrize(
    ("format", "options", "limit"),
    [("JPEG", {}, 99), ("JPEG", {"progressive": True}, 399), ("PNG", {}, 399), ("WEBP", {}, 399)],
)
def test_what_cannot_be_halved_or_is_too_large_for_it_is_refused(format, options, limit):
    data = encode(noise(6, 20, 20), format, **options)
    what = "a progressive JPEG of " if options else ""
    with pytest.raises(ImageError, match=rf"^x: {what}20x20 is larger than {limit} pixels$"):
        decode_image(data, "x", max_pixels=limit)


def test_a_jpeg_of_four_times_the_limit_is_opened_and_one_of_more_is_not():
    header = encode(noise(1, 16, 16), "JPEG")
    start = header.index(b"\xff\xc0") + 5  # height and width in the frame header
    fits, larger = (
        header[:start] + struct.pack(">HH", 10_000, width) + header[start + 4 :] for width in (20_000, 20_001)
    )
    assert decode_image(fits, "x").shape == (5_000, 10_000, 3), "grey, where there are no data"
    with pytest.raises(ImageError, match="larger than 50,000,000 pixels"):
        decode_image(larger, "x")


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_bomb_is_refused_from_its_header(side):
    """There is no pixel data behind the header: an attempt to decode would say "truncated" instead."""
    with pytest.raises(ImageError, match="larger than 50,000,000 pixels"):
        decode_image(_png_header(side), "bomb.png")


def _png_header(side: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"")
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    for body in (chunk, idat):
        out.write(struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
    return out.getvalue()


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded():
    pixels = np.random.default_rng(5).integers(0, 255, size=(64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    assert decode_image(data, "ten.jpg").shape == (64, 64, 3)
    last = data.rindex(b"\xff\xda")
    again = data[last:-2]  # the last refinement, over and over
    with pytest.raises(ImageError, match=r"many\.jpg: too many scans \(4,0\d\d, at most 100\)"):
        decode_image(data[:-2] + 4000 * again + data[-2:], "many.jpg")
