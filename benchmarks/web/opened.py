"""One gallery as the server holds it: what is in it now, and the searchers made for that."""

import hashlib
import time

from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.gallery import Advance, Gallery
from benchmarks.search.searcher import Places, Searcher
from methods.spec import MethodSpec

FEW = 20_000
"""Images. A folder of no more is looked through before a search; for a larger one the page has a button."""
_SHARE = 20
"""Looking takes one part in so many of the time between two looks, on a slow disk too."""


class Opened:
    """A gallery that was brought up to date, with its searchers. Not for several threads at once."""

    def __init__(self, gallery: Gallery, title: str) -> None:
        """`title` is what it is called to those who ask."""
        self.gallery = gallery
        self.title = title
        self.changes = isinstance(gallery, FolderGallery)
        """Whether files may come and go: a data set's images are those of its subset."""
        self._searchers: dict[str, Searcher] = {}
        self._state = _state(gallery)
        self._looked = time.monotonic()
        self._seconds = 0.0

    def look(self, advance: Advance) -> bool:
        """Take up what was added, changed or removed since; whether there was anything.

        Raises SearchError where nothing is left to search in.
        """
        started = time.monotonic()
        try:
            self.gallery.update(advance)
        finally:
            self._looked = time.monotonic()
            self._seconds = self._looked - started
        before, self._state = self._state, _state(self.gallery)
        if before == self._state:
            return False
        self._searchers.clear()
        return True

    def look_if_quick(self, advance: Advance) -> None:
        """As `look`, where that is quick and was not done just now."""
        if self.changes and len(self.gallery) <= FEW and time.monotonic() - self._looked >= _SHARE * self._seconds:
            self.look(advance)

    def searcher(self, spec: MethodSpec, places: Places, advance: Advance) -> Searcher:
        """The method over the gallery, opened when it is first asked for; raises BenchmarkError as Searcher does."""
        if spec.id not in self._searchers:
            self._searchers[spec.id] = Searcher(spec, self.gallery, places, advance)
        return self._searchers[spec.id]


def _state(gallery: Gallery) -> bytes:
    """Changes when an image comes, changes, goes or gets another number."""
    digest = hashlib.sha256()
    for id, content in gallery.entries():
        digest.update(id.to_bytes(8, "little"))
        digest.update(content)
    return digest.digest()
