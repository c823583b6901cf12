"""Where the data sets come from: every address, size and checksum, and the folders they unpack to.

Checksums: LFW's figshare copies as in scikit-learn, deep-funneled LFW as its authors published it (the University of
Massachusetts host is gone; the Internet Archive serves the same bytes), CIFAR-10 as on its page. IMDB-WIKI's authors
publish none; these are what independent users of the archives recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from datasets.checksums import Checksums

LFW_PAIRS_SHA256 = "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592"
CIFAR10_BATCHES_SHA1 = {
    "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
    "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
    "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
    "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
    "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
    "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
}
"""Of the unpacked binary version, as MXNet's gluon.data.vision.CIFAR10 checks them."""

_FIGSHARE = "https://ndownloader.figshare.com/files"
_ETH = "https://data.vision.ee.ethz.ch/cvl/rrothe/imdb-wiki/static"
_MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Archive:
    """How a downloaded archive is unpacked and what must be there afterwards."""

    root: str
    """The archive's top folder."""
    folder: str
    """What it becomes, relative to the data folder."""
    max_bytes: int
    max_files: int
    layout: Mapping[str, int]
    """Glob patterns inside `folder` and how many paths each must match at least."""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """One file on a server. `path` is relative to the data folder; `size` is in bytes, None where not published."""

    url: str
    path: str
    size: int | None = None
    checksums: Checksums = field(default_factory=Checksums)
    archive: Archive | None = None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What `fetch NAME` brings: some files, their licence, and what a user should know first."""

    name: str
    files: tuple[RemoteFile, ...]
    licence: str
    note: str = ""


_PAIRS = (
    RemoteFile(
        url=f"{_FIGSHARE}/5976006",
        path="lfw/pairs.txt",
        size=155_335,
        checksums=Checksums(sha256=LFW_PAIRS_SHA256),
    ),
    RemoteFile(
        url=f"{_FIGSHARE}/5976012",
        path="lfw/pairsDevTrain.txt",
        size=56_579,
        checksums=Checksums(sha256="1d454dada7dfeca0e7eab6f65dc4e97a6312d44cf142207be28d688be92aabfa"),
    ),
    RemoteFile(
        url=f"{_FIGSHARE}/5976009",
        path="lfw/pairsDevTest.txt",
        size=26_002,
        checksums=Checksums(sha256="7cb06600ea8b2814ac26e946201cdb304296262aad67d046a16a7ec85d0ff87c"),
    ),
)


def _lfw(name: str, url: str, file: str, root: str, size: int | None, checksums: Checksums, note: str) -> Origin:
    archive = Archive(
        root=root, folder=f"lfw/{root}", max_bytes=600 * _MB, max_files=40_000, layout={"*/*.jpg": 13_233}
    )
    return Origin(
        name=name,
        files=(RemoteFile(url=url, path=f"lfw/{file}", size=size, checksums=checksums, archive=archive), *_PAIRS),
        licence="research use; the photographs belong to their owners (Huang et al. 2007)",
        note=note,
    )


def _imdb_wiki(file: str, root: str, size: int | None, md5: str, max_bytes: int, layout: dict[str, int]) -> RemoteFile:
    archive = Archive(root=root, folder=f"imdb-wiki/{root}", max_bytes=max_bytes, max_files=1_000_000, layout=layout)
    return RemoteFile(
        url=f"{_ETH}/{file}", path=f"imdb-wiki/{file}", size=size, checksums=Checksums(md5=md5), archive=archive
    )


_IMDB_CROP = _imdb_wiki(
    "imdb_crop.tar",
    "imdb_crop",
    7_012_157_440,
    "44b7548f288c14397cb7a7bab35ebe14",
    12_000 * _MB,
    {"imdb.mat": 1, "[0-9][0-9]": 100},
)
_WIKI_CROP = _imdb_wiki(
    "wiki_crop.tar",
    "wiki_crop",
    None,
    "f536eb7f5eae229ae8f286184364b42b",
    2_500 * _MB,
    {"wiki.mat": 1, "[0-9][0-9]": 100},
)
_IMDB_META = _imdb_wiki("imdb_meta.tar", "imdb", None, "469433135f1e961c9f4c0304d0b5db1e", 1_000 * _MB, {"imdb.mat": 1})
_IMDB_WIKI_LICENCE = "academic research only (Rothe et al. 2015)"

_ORIGINS = (
    _lfw(
        "lfw",
        "https://web.archive.org/web/20231118124720if_/https://vis-www.cs.umass.edu/lfw/lfw-deepfunneled.tgz",
        "lfw-deepfunneled.tgz",
        "lfw-deepfunneled",
        108_761_145,
        Checksums(md5="68331da3eb755a505a502b5aacb3c201"),
        "aligned by deep funneling; where the Internet Archive cannot be reached, lfw-funneled stands in",
    ),
    _lfw(
        "lfw-funneled",
        f"{_FIGSHARE}/5976015",
        "lfw-funneled.tgz",
        "lfw_funneled",
        243_346_528,
        Checksums(sha256="b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a"),
        "aligned by funneling, the older method",
    ),
    _lfw(
        "lfw-original",
        f"{_FIGSHARE}/5976018",
        "lfw.tgz",
        "lfw",
        None,
        Checksums(sha256="055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0"),
        "not aligned; about 180 MB",
    ),
    Origin(
        name="cifar10",
        files=(
            RemoteFile(
                url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                path="cifar10/cifar-10-binary.tar.gz",
                size=170_052_171,
                checksums=Checksums(md5="c32a1d4ab5d03f1284b67883e8d87530"),
                archive=Archive(
                    root="cifar-10-batches-bin",
                    folder="cifar10/cifar-10-batches-bin",
                    max_bytes=400 * _MB,
                    max_files=50,
                    layout={"data_batch_[1-5].bin": 5, "test_batch.bin": 1},
                ),
            ),
        ),
        licence="none stated; cite Krizhevsky 2009",
        note="the binary version: the Python one is a pickle",
    ),
    Origin(
        name="imdb-wiki",
        files=(_IMDB_CROP, _WIKI_CROP),
        licence=_IMDB_WIKI_LICENCE,
        note="8 GB, twice that while unpacking; identity search needs the IMDb part",
    ),
    Origin(name="imdb", files=(_IMDB_CROP,), licence=_IMDB_WIKI_LICENCE, note="the IMDb part alone, 7 GB"),
    Origin(name="wiki", files=(_WIKI_CROP,), licence=_IMDB_WIKI_LICENCE, note="the Wikipedia part alone, 1 GB"),
    Origin(
        name="imdb-meta",
        files=(_IMDB_META,),
        licence=_IMDB_WIKI_LICENCE,
        note="names, dates and faces of the full-size IMDb images, without images",
    ),
)

ORIGINS: Mapping[str, Origin] = {origin.name: origin for origin in _ORIGINS}
"""Every data set that can be fetched, by name."""
