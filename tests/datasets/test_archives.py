"""Archives that mean well, are damaged, or mean harm."""

import gzip
import io
import stat
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.archives import unpack
from datasets.errors import DownloadError

LIMITS = {"max_bytes": 10_000_000, "max_files": 100}
FILES = {"lfw/Ann/Ann_0001.jpg": b"one", "lfw/Ann/Ann_0002.jpg": b"two", "lfw/Bob/Bob_0001.jpg": b"", "README": b"read"}


def member(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def make_tar(path, members):
    with tarfile.open(path, "w:gz" if path.name.lower().endswith("gz") else "w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def make_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return path


def make(path, files=FILES):
    if path.suffix == ".zip":
        return make_zip(path, files)
    return make_tar(path, [member(name, content) for name, content in files.items()])


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def work(tmp_path):
    """A folder to unpack in; nothing may appear beside `out`, or outside."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def refuse(archive, work, reason, **limits):
    before = sorted(p for p in archive.parent.rglob("*"))
    with pytest.raises(DownloadError, match=reason):
        unpack(archive, work / "out", **(LIMITS | limits))
    assert sorted(p for p in archive.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.TGZ", "a.zip"])
def test_unpacks_everything(tmp_path, work, name):
    archive = make(tmp_path / name)
    seen = []
    assert unpack(archive, work / "deep" / "out", **LIMITS, progress=seen.append) == 4
    assert contents(work / "deep" / "out") == FILES
    assert seen == [1, 2, 3, 4]
    assert [p.name for p in (work / "deep").iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_the_root_becomes_the_target(tmp_path, work, name):
    unpack(make(tmp_path / name), work / "lfw_funneled", root="lfw", **LIMITS)
    expected = {"Ann/Ann_0001.jpg": b"one", "Ann/Ann_0002.jpg": b"two", "Bob/Bob_0001.jpg": b""}
    assert contents(work / "lfw_funneled") == expected


def test_a_leading_dot_and_folders_are_fine(tmp_path, work):
    folder = member("./lfw/empty", type=tarfile.DIRTYPE)
    unpack(make_tar(tmp_path / "a.tar", [folder, member("./lfw/a", b"x")]), work / "out", root="lfw", **LIMITS)
    assert sorted(p.name for p in (work / "out").iterdir()) == ["a", "empty"]


def test_modes_of_the_archive_do_not_matter(tmp_path, work):
    unpack(make_tar(tmp_path / "a.tar", [member("a", b"x", mode=0o6777)]), work / "out", **LIMITS)
    assert stat.S_IMODE((work / "out" / "a").stat().st_mode) & 0o7111 == 0


def test_a_missing_root_is_refused(tmp_path, work):
    archive = make(tmp_path / "a.tar")
    with pytest.raises(DownloadError, match="no files in a folder 'cifar'"):
        unpack(archive, work / "out", root="cifar", **LIMITS)
    assert list(work.iterdir()) == []


def test_an_existing_target_is_left_alone(tmp_path, work):
    (work / "out").mkdir()
    (work / "out" / "mine").write_text("precious")
    refuse(make(tmp_path / "a.tar"), work, "exists already")


HOSTILE = {
    "parent": member("../evil", b"x"),
    "hidden parent": member("lfw/../../evil", b"x"),
    "absolute": member("/tmp/evil", b"x"),
    "backslash": member("..\\evil", b"x"),
    "symlink out": member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "symlink up": member("link", type=tarfile.SYMTYPE, linkname="../../evil"),
    "hard link out": member("link", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
    "character device": member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "block device": member("disk", type=tarfile.BLKTYPE, devmajor=8),
    "pipe": member("pipe", type=tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", ["tar", "tgz"])
def test_hostile_tar_members(tmp_path, work, name, suffix):
    archive = make_tar(tmp_path / f"a.{suffix}", [member("first", b"fine"), HOSTILE[name]])
    refuse(archive, work, "outside the target|no plain file")


def test_a_link_then_a_file_through_it(tmp_path, work):
    link = member("lfw", type=tarfile.SYMTYPE, linkname=str(tmp_path))
    refuse(make_tar(tmp_path / "a.tar", [link, member("lfw/evil", b"x")]), work, "no plain file")


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil"])
def test_hostile_zip_names(tmp_path, work, name):
    refuse(make_zip(tmp_path / "a.zip", {"first": b"fine", name: b"x"}), work, "outside the target")


def test_a_zip_with_a_link(tmp_path, work):
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr(info, "/etc/passwd")
    refuse(tmp_path / "a.zip", work, "no plain file")


@pytest.mark.parametrize("name", ["a.tgz", "a.zip"])
def test_a_bomb(tmp_path, work, name):
    archive = make(tmp_path / name, {"zeros": bytes(50_000_000)})
    assert archive.stat().st_size < 100_000
    refuse(archive, work, "more bytes than the data set has")


@pytest.mark.parametrize("name", ["a.tgz", "a.zip"])
def test_many_small_files_count_together(tmp_path, work, name):
    archive = make(tmp_path / name, {f"f{i}": bytes(300) for i in range(4)})
    refuse(archive, work, "more bytes", max_bytes=1000)


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_too_many_files(tmp_path, work, name):
    refuse(make(tmp_path / name, {f"f{i}": b"" for i in range(101)}), work, "too many files")
    assert unpack(make(tmp_path / name, {f"f{i}": b"" for i in range(100)}), work / "out", **LIMITS) == 100


def test_a_tar_bomb_outside_its_members(tmp_path, work):
    """Headers of a member that never comes: nothing is declared, but the stream runs on."""
    pax = tarfile.TarInfo("././@PaxHeader")
    pax.type, pax.size = tarfile.XHDTYPE, 1 << 20
    said = b"1048576 comment=".ljust(pax.size - 1, b"a") + b"\n"
    with gzip.open(tmp_path / "a.tgz", "wb") as stream:
        stream.write((pax.tobuf() + said) * 40)
    refuse(tmp_path / "a.tgz", work, "more bytes than the data set has")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_long_header_is_not_read_into_memory(tmp_path, work, kind):
    """Within the bytes of the data set, which may be many gigabytes."""
    header = tarfile.TarInfo("././@Header")
    header.type, header.size = kind, 8_000_000
    with gzip.open(tmp_path / "a.tgz", "wb") as stream:
        stream.write(header.tobuf())
        stream.write(b"a" * header.size)
        stream.write(tarfile.TarInfo("a/1").tobuf() + bytes(1024))
    refuse(tmp_path / "a.tgz", work, "a header says that it has 8,000,000 bytes")


def test_headers_that_each_announce_another_one(tmp_path, work):
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 512
    said = b"30 comment=aaaaaaaaaaaaaaaaaaaa\n".ljust(512, b"\0")
    with gzip.open(tmp_path / "a.tgz", "wb") as stream:
        stream.write((header.tobuf() + said) * 5000 + tarfile.TarInfo("a/1").tobuf() + bytes(1024))
    refuse(tmp_path / "a.tgz", work, "is damaged")


def test_a_zip_that_lies_about_its_sizes(tmp_path, work):
    archive = make_zip(tmp_path / "a.zip", {"zeros": bytes(1_000_000)})
    data = archive.read_bytes()
    archive.write_bytes(data.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    refuse(archive, work, "damaged")


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_a_truncated_archive(tmp_path, work, name):
    archive = make(tmp_path / name, {"lfw/a": bytes(range(256)) * 100})
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    refuse(archive, work, "damaged")


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_no_archive_at_all(tmp_path, work, name):
    (tmp_path / name).write_bytes(b"<html>not found</html>" * 100)
    refuse(tmp_path / name, work, "damaged")


def test_an_empty_archive_and_an_unknown_kind(tmp_path, work):
    refuse(make(tmp_path / "a.tar", {}), work, "no files")
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    refuse(tmp_path / "a.rar", work, "only .tar")
    with pytest.raises(DownloadError, match="No such file"):
        unpack(tmp_path / "absent.tar", work / "out", **LIMITS)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(["a.tar", "a.tgz", "a.zip"]))
def test_flipped_bytes_never_escape(tmp_path_factory, data, name):
    """Whatever is damaged: it unpacks inside the target or is a DownloadError that leaves nothing."""
    folder = tmp_path_factory.mktemp("fuzz")
    archive = make(folder / name)
    damaged = bytearray(archive.read_bytes())
    last = min(len(damaged), 3000) - 1
    for position in data.draw(st.lists(st.integers(0, last), min_size=1, max_size=8)):
        damaged[position] = data.draw(st.integers(0, 255))
    archive.write_bytes(damaged)
    try:
        unpack(archive, folder / "out", **LIMITS)
        expected = {name, "out"}
    except DownloadError:
        expected = {name}
    assert {p.name for p in folder.iterdir()} == expected
