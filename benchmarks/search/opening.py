"""From what a person writes on a command line to opened galleries and searchers."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.search.gallery import Advance, Gallery, silent
from datasets.errors import UnknownNameError, suggest
from datasets.notes import note
from datasets.reading import expanded
from datasets.replacing import unwritable

if TYPE_CHECKING:
    from benchmarks.search.searcher import Places, Searcher


def default_index_dir() -> Path:
    """Where indexes are kept unless another place is named: in the user's cache folder, never in the working folder.

    Where that cannot be written it is a folder that goes with this process, which is said.
    """
    from platformdirs import user_cache_path

    usual = user_cache_path("reverse-image-search-benchmark") / "search"
    if why := unwritable(usual):
        note(f"the index cannot be kept in {usual} ({why}): it is made for this call alone; --index-dir names a place")
        passing = Path(tempfile.mkdtemp(prefix="index-"))
        atexit.register(shutil.rmtree, passing, ignore_errors=True)
        return passing
    return usual


def open_gallery(name: str, data_dir: Path | None, index_dir: Path) -> Gallery:
    """A data set ("lfw", "lfw:smoke"), or a folder ("photos", "folder:photos"); a folder of that name comes first.

    `index_dir` is where what is learned about it is kept. Raises BenchmarkError if it cannot be opened.
    """
    from datasets.registry import DATASETS, FOLDER_PREFIX

    path = expanded(name.removeprefix(FOLDER_PREFIX))
    if name.startswith(FOLDER_PREFIX) or path.is_dir():
        from benchmarks.search.folder_gallery import FolderGallery

        return FolderGallery(path, index_dir)
    if name.partition(":")[0] not in DATASETS:
        raise UnknownNameError(suggest("gallery", name, [*DATASETS, "a folder of images"]))
    from benchmarks.search.dataset_gallery import DatasetGallery

    return DatasetGallery(name, data_dir, index_dir)


def open_searchers(
    gallery: str,
    methods: Sequence[str] | None,
    places: "Places",
    tables: Path,
    plugins: Sequence[Path] | None = None,
    advance: Advance = silent,
    again: bool = False,
    several: bool = False,
) -> "list[Searcher]":
    """The gallery brought up to date, and a Searcher in it for each method (None: the best that runs here).

    With `again` the whole gallery is read anew. With `several` the best has local features beside it in a folder, which
    find a picture of which only a part is left.
    """
    from benchmarks.core.additions import load_plugins
    from benchmarks.search.choice import suggested
    from benchmarks.search.searcher import Searcher
    from methods.onnx_check import require_sound

    registry = load_plugins(plugins or ())
    specs = [registry.get(name) for name in methods or ()]
    for spec in specs:
        require_sound(spec)
    opened = open_gallery(gallery, places.data, places.index)
    opened.update(advance, again)
    if not specs:
        names = suggested(opened, registry, tables, places.weights)
        specs = [registry.get(name) for name in (names if several else names[:1])]
    return [Searcher(spec, opened, places, advance) for spec in specs]
