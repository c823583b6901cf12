"""All copies within a folder: what is compared, from which score on two pictures are copies, and the groups of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from benchmarks.duplicates.copies import copy_links
from benchmarks.duplicates.groups import Group, verified_groups
from benchmarks.duplicates.links import Link
from benchmarks.duplicates.neighbours import contents_of, neighbour_links
from benchmarks.duplicates.picture import Picture, best_first, sharpness_of
from benchmarks.duplicates.stored import stored_pictures
from benchmarks.duplicates.threshold import Threshold, from_links, of_searcher
from benchmarks.search.errors import SearchError
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.gallery import Advance, silent
from benchmarks.search.indexing import left_out
from benchmarks.search.query import is_flat
from benchmarks.search.searcher import Places, Searcher
from benchmarks.system.failing import answering_for
from datasets.decoding import upright_size
from datasets.errors import ImageError
from datasets.words import count_of
from methods.registry import load_registry

COPIES = "copies"
"""The method unless another is named: hashes and local features, verified pixel by pixel."""
LOCAL_MOST = 10_000
"""Pictures; the local features of more would take more memory (53 kB a picture) than most machines have to spare."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Contents of a folder and the links between them, by falling score, those below the threshold too."""

    contents: Sequence[bytes]
    links: Sequence[Link]
    threshold: Threshold
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Finding:
    """The copies found in `folder` by `method`."""

    folder: str
    method: str
    pictures: int
    compared: Compared
    files: Mapping[bytes, tuple[int, ...]]
    """Numbers of the files of each content."""
    names: Mapping[int, str]
    """The files' paths below the folder, safe to show, by number."""
    gallery: FolderGallery
    groups: tuple[tuple[Picture, ...], ...]
    """Each best copy first."""
    across: tuple[tuple[str, str, float], ...]
    """Verified pairs that are in no group together: a collage, and what else it holds than those it is grouped with."""
    notes: tuple[str, ...]

    @property
    def spare(self) -> int:
        """Pictures beyond the one to keep of each group."""
        return sum(len(group) - 1 for group in self.groups)


def find_copies(
    folder: Path,
    method: str,
    places: Places,
    threshold: float | None = None,
    rate: float = 0.001,
    plugins: Sequence[Path] = (),
    advance: Advance = silent,
) -> Finding:
    """Groups of exact, near and edited copies below `folder`, which is only read.

    `threshold` is the least score, learned for the false-merge `rate` unless given. Raises BenchmarkError where there
    is nothing to compare, or where the method cannot compare pictures here.
    """
    spec = None if method == COPIES else load_registry(plugins).get(method)
    gallery = FolderGallery(folder, places.index)
    gallery.update(advance)
    if len(gallery) < 2:
        raise SearchError(f"{gallery.title} holds one picture that can be read: there is nothing to compare it with")
    if spec is None:
        compared = _by_copies(gallery, places.index / gallery.key, rate, advance)
    else:
        searcher = Searcher(spec, gallery, places, advance)
        with answering_for(spec.id):
            compared = _by_method(searcher, places.index / gallery.key, rate, advance)
    files = _files(gallery)  # not before: by now those that cannot be decoded are known
    if threshold is not None:
        compared = replace(compared, threshold=Threshold(threshold, f"threshold {threshold:g}, as asked"))
    links = list(takewhile(lambda link: link.score >= compared.threshold.score, compared.links))  # by falling score
    grouped, across = verified_groups(links, complete=spec is not None)
    shown = _shown(gallery, files, compared.contents, grouped, advance)
    names = {id: gallery.item(id).id for ids in files.values() for id in ids}
    first = [names[files[content][0]] for content in compared.contents]
    pairs = [(first[link.one], first[link.other], link.score) for link in across]
    return Finding(
        folder=gallery.title,
        method=method,
        pictures=sum(map(len, files.values())),
        compared=compared,
        files=files,
        names=names,
        gallery=gallery,
        groups=tuple(shown),
        across=tuple(pairs),
        notes=(*compared.notes, *gallery.notes(), *_skipped(gallery)),
    )


def _files(gallery: FolderGallery) -> dict[bytes, tuple[int, ...]]:
    """Numbers of the files of each content, in the gallery's order."""
    files: dict[bytes, list[int]] = defaultdict(list)
    for id, content in gallery.entries():
        files[content].append(id)
    return {content: tuple(ids) for content, ids in files.items()}


def _by_copies(gallery: FolderGallery, folder: Path, rate: float, advance: Advance) -> Compared:
    local = len(gallery) <= LOCAL_MOST
    pictures, flat = stored_pictures(gallery, folder / "copies", local, advance)
    compared = {*pictures.contents, *flat}
    notes = left_out(sum(content not in compared for _, content in gallery.entries()))
    if not len(pictures):
        raise SearchError("; ".join([f"{gallery.title}: nothing to search for: {_all_flat(len(flat))}", *notes]))
    if flat:
        notes.append(f"left out: {count_of(len(flat), 'picture')} of one flat colour, which any other would equal")
    if not local:
        notes.append(
            f"more than {LOCAL_MOST:,} pictures: compared by hashes and whole frames alone, which finds no crops or "
            "collages; compare a folder below it for those"
        )
    links = copy_links(pictures, folder / "copies", local, advance)
    return Compared(pictures.contents, links, from_links(links, len(pictures), rate), tuple(notes))


def _all_flat(flat: int) -> str:
    return (
        f"{count_of(flat, 'picture shows', 'pictures show')} one flat colour" if flat else "no picture can be decoded"
    )


def _by_method(searcher: Searcher, folder: Path, rate: float, advance: Advance) -> Compared:
    threshold = of_searcher(searcher, rate)
    contents = contents_of(searcher)
    links = neighbour_links(searcher, contents, folder / "neighbours", advance)
    return Compared(contents, links, threshold, searcher.indexed.notes)


def _shown(
    gallery: FolderGallery,
    files: Mapping[bytes, tuple[int, ...]],
    contents: Sequence[bytes],
    groups: Sequence[Group],
    advance: Advance,
) -> list[tuple[Picture, ...]]:
    """Every group with all files of its contents, and those of a content that is in none and lies there twice."""
    scores = [dict(zip(group.members, group.scores, strict=True)) for group in groups]
    grouped = {contents[member] for group in groups for member in group.members}
    sets = [{contents[member]: score for member, score in group.items()} for group in scores]
    sets += [{content: 1.0} for content, ids in files.items() if len(ids) > 1 and content not in grouped]
    shown = []
    for group in sets:
        pictures = [
            one for content, score in group.items() for one in _pictures(gallery, content, files[content], score)
        ]
        advance("looking at the copies", 1, len(sets))
        kept = [picture for picture in pictures if not picture.flat or len({one.content for one in pictures}) == 1]
        if len(kept) > 1:
            shown.append(tuple(best_first(kept)))
    return sorted(shown, key=lambda group: group[0].path)  # not as the file system lists them, which may change


def _pictures(gallery: FolderGallery, content: bytes, ids: Sequence[int], score: float) -> list[Picture]:
    """The files of one content, measured once; one that has gone is left without measures."""
    named = [Picture(id, gallery.item(id).id, content.hex(), score) for id in ids]
    try:
        data = gallery.read(ids[0])
        image = gallery.decode(data, ids[0])
        width, height = upright_size(data, named[0].path)  # of a large JPEG half of it were decoded
    except ImageError:
        return named
    sharpness, flat = sharpness_of(image), is_flat(image)
    return [replace(one, width=width, height=height, bytes=len(data), sharpness=sharpness, flat=flat) for one in named]


def _skipped(gallery: FolderGallery) -> list[str]:
    skipped = gallery.skipped()
    if not skipped.count:
        return []
    path, reason = skipped.first[0]
    return [f"{count_of(skipped.count, 'image')} skipped (first: {path}: {reason.removeprefix(path + ': ')})"]
