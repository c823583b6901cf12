"""What the server holds: opened galleries, searchers made when they are first asked, the last pictures and answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

from benchmarks.core.additions import load_plugins
from benchmarks.core.inventory import can_run
from benchmarks.duplicates.finding import COPIES, Finding, find_copies
from benchmarks.search.answer import Answer
from benchmarks.search.choice import suggested
from benchmarks.search.errors import SearchError
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.found import ask
from benchmarks.search.gallery import Advance
from benchmarks.search.opening import open_gallery
from benchmarks.search.query import Crop, Query, cropped
from benchmarks.search.searcher import Searcher
from benchmarks.search.show.page import why_shown
from benchmarks.search.show.thumbs import gallery_thumb, jpeg
from benchmarks.search.why import explain_hit
from benchmarks.search.words import Words, ask_words, takes_no_words
from benchmarks.web.cache import Cache, GoneError
from benchmarks.web.hiding import Hiding, short_titles
from benchmarks.web.opened import Opened
from benchmarks.web.settings import Settings
from benchmarks.web.uploads import Uploads
from datasets.errors import ImageError

SUGGESTED = "suggested here"
"""What the methods are headed by that suit a gallery, before the families of the others."""
FOUND_BY_WORDS = "Found by words: there is no picture to lay beside it."
ANSWERS = 64
THUMBNAIL = 320


@dataclass(frozen=True)
class MethodChoice:
    """A method that a gallery can be searched with here."""

    id: str
    group: str
    """What it is headed by: its family, or SUGGESTED."""
    summary: str
    chosen: bool
    """Ticked when the page opens."""
    words: bool
    """It can be asked in words too."""


@dataclass(frozen=True)
class Asked:
    """An answer and what it answers, kept for its explanation."""

    query: str | None
    """The token of the picture; None for a search in words."""
    crop: Crop | None
    searcher: Searcher
    answer: Answer


class Service:
    """All state of one server; its methods may be called from several threads."""

    def __init__(self, settings: Settings, advance: Advance) -> None:
        """Open the galleries and bring them up to date; raises BenchmarkError for one that cannot be searched."""
        self.settings = settings
        self.registry = load_plugins(settings.plugins)
        self.galleries = [
            open_gallery(name, settings.places.data, settings.places.index) for name in settings.galleries
        ]
        for gallery in self.galleries:
            gallery.update(advance)
        titles = [gallery.title for gallery in self.galleries]
        places = (settings.places.index, settings.places.data, settings.places.weights, settings.places.vector_store)
        roots = (gallery.root for gallery in self.galleries if isinstance(gallery, FolderGallery))
        self.hiding = None if settings.is_private else Hiding((*roots, *places, settings.tables, *settings.plugins))
        """What takes places out of answers to other machines."""
        self.opened = list(map(Opened, self.galleries, titles if settings.is_private else short_titles(titles)))
        self._doing: tuple[str, int, int | None] = ("", 0, None)
        self._busy_with = ""
        self.uploads = Uploads()
        self._answers: Cache[Asked] = Cache(ANSWERS, "answer")
        # One search at a time: each uses all cores as it is, and no library promises to be searched by two threads.
        self._searching = Lock()

    def progress(self, of: str) -> str:
        """What is being done for whoever waits for this method or COPIES: "encoding: 120 of 990", or nothing."""
        what, done, total = self._doing
        if what and of != self._busy_with:
            return "waiting for another search to end"
        return what + (f": {done:,}" if done else "") + (f" of {total:,}" if done and total else "")

    def methods(self, gallery: int) -> list[MethodChoice]:
        """The methods that can search a gallery, those that suit it first, else by family in catalogue order.

        Classifiers come last: they learn from labels, which a folder of one's own seldom has.
        """
        opened = self._opened(gallery).gallery
        settings = self.settings
        best = {*suggested(opened, self.registry, settings.tables, settings.places.weights), "phash"}
        choices = [
            MethodChoice(
                spec.id,
                SUGGESTED if spec.id in best else spec.family,
                spec.summary,
                chosen=spec.id in best,
                words=not takes_no_words(spec, settings.places.weights),
            )
            for spec in self.registry
            if spec.family != "canary"
            and not (spec.content == "faces" and opened.content == "objects")
            and can_run(spec, settings.places.weights)[0] == "yes"
        ]
        return sorted(choices, key=lambda choice: (not choice.chosen, choice.group == "classifier", choice.group))

    def keep_image(self, gallery: int, id: int) -> tuple[str, Query]:
        """Keep a gallery's image as a picture to search for; raises GoneError where there is none of that number."""
        images = self._opened(gallery).gallery
        try:
            name, data = images.item(id).id, images.read(id)
        except (SearchError, ImageError) as error:
            raise GoneError(str(error)) from error
        # As a file of the folder it is left out of its own hits.
        path = images.file(id) if isinstance(images, FolderGallery) else None
        return self.uploads.keep(data, name.rpartition("/")[2], path)

    def search(
        self,
        query: str,
        gallery: int,
        method: str,
        k: int,
        crop: Crop | None,
        face: int | None,
        once: bool = False,
    ) -> tuple[str, Answer]:
        """One method's answer, and the token under which it can be explained; in what is in the gallery now."""
        picture = self.uploads.get(query)
        with self._turn(method):
            searcher = self._searcher(gallery, method)
            answer = ask(searcher, picture, k, crop, face, once)
            answer = replace(answer, gallery=self.opened[gallery].title)
        return self._answers.put(Asked(query, crop, searcher, answer)), answer

    def search_words(self, words: Words, gallery: int, method: str, k: int, once: bool = False) -> tuple[str, Answer]:
        """One method's answer to words, and its token; raises SearchError for a method that takes none."""
        with self._turn(method):
            searcher = self._searcher(gallery, method)
            answer = ask_words(searcher, words, k, self.settings.places.weights, once)
            answer = replace(answer, gallery=self.opened[gallery].title)
        return self._answers.put(Asked(None, None, searcher, answer)), answer

    def copies(self, gallery: int) -> Finding:
        """Groups of copies in a folder; raises BenchmarkError where there is nothing to compare, or no folder."""
        images = self._opened(gallery).gallery
        if not isinstance(images, FolderGallery):
            raise SearchError(f"{images.title} is no folder: `audit` looks for copies in a data set")
        with self._turn(COPIES):
            return find_copies(images.root, COPIES, self.settings.places, advance=self._advance)

    def explain(self, answer: str, place: int) -> dict[str, str | None]:
        """Why the hit at `place` (from 0) of an answer was one."""
        asked = self._answers.get(answer)
        if not 0 <= place < len(asked.answer.hits):
            raise GoneError(f"the answer has no hit number {place + 1}")
        if asked.query is None:
            hit = asked.answer.hits[place]
            return {"title": f"{asked.answer.method}: {hit.path}", "text": FOUND_BY_WORDS, "picture": None}
        query = self.uploads.get(asked.query)
        query = query if asked.crop is None else cropped(query, asked.crop)
        with self._searching:
            return why_shown(explain_hit(query, asked.answer, asked.searcher, place))

    def thumbnail(self, gallery: int, id: int) -> bytes:
        """A gallery's image as a small JPEG; raises GoneError where there is none of that number."""
        try:
            with self.uploads.decoding:
                picture = gallery_thumb(self._opened(gallery).gallery, id, THUMBNAIL)
        except SearchError as error:
            raise GoneError(str(error)) from error
        if picture is None:
            raise GoneError("the image was removed, or cannot be read any more")
        return jpeg(picture)

    def look_again(self, gallery: int) -> tuple[int, bool]:
        """Take up what came into a gallery, changed or went: how many images it has now, and whether others."""
        opened = self._opened(gallery)
        with self._turn("a look for new images"):
            changed = opened.look(self._advance)
        return len(opened.gallery), changed

    @contextmanager
    def _turn(self, of: str) -> Iterator[None]:
        """Wait until nothing else is being done; within the block this is, for whoever asks for its progress."""
        with self._searching:
            self._busy_with = of
            try:
                yield
            finally:
                self._doing = ("", 0, None)

    def _opened(self, number: int) -> Opened:
        if not 0 <= number < len(self.opened):
            raise GoneError(f"there is no gallery number {number} here")
        return self.opened[number]

    def _searcher(self, gallery: int, method: str) -> Searcher:
        opened, spec = self._opened(gallery), self.registry.known(method)
        opened.look_if_quick(self._advance)
        self._doing = (f"loading {spec.id}", 0, None)
        return opened.searcher(spec, self.settings.places, self._advance)

    def _advance(self, what: str, done: int, total: int | None) -> None:
        before, count, known = self._doing
        self._doing = (what, count + done, total or known) if what == before else (what, done, total)
