"""One method over one gallery, opened: what is indexed is kept, so that it is indexed once."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.search.answer import Answer, Face, Hit, Verdict
from benchmarks.search.calibrating import calibrate
from benchmarks.search.encoding import rows_of
from benchmarks.search.errors import SearchError
from benchmarks.search.faces import FaceEncoder, encode_face
from benchmarks.search.gallery import Advance, Gallery, silent
from benchmarks.search.indexing import index_composed, index_whole, require_usable, row_key, sample
from benchmarks.search.kept.keeping import keep, quick_spec
from benchmarks.search.known_rows import KnownRows, embed_known, same_row, single
from benchmarks.search.query import Crop, Query, cropped
from benchmarks.system.failing import answering_for
from methods.answers import check_ranking
from methods.building import Surroundings, build_method
from methods.ranking import Ranking
from methods.spec import MethodSpec
from methods.stages import StageClock
from methods.vector_method import VectorMethod

_MEANS = {"hamming": "minus the bits that differ", "l2": "minus the Euclidean distance", "cosine": "cosine"}
_NAMED = 10
"""Files that are the same as the query and are named; the others are counted."""
_NOTHING = Ranking(np.empty((1, 0), np.int32), np.empty((1, 0), np.float32), np.ones(1, dtype=bool))
"""The answer where the query shows nothing."""


@dataclass(frozen=True)
class Places:
    """Where things lie: `index` is written, the others are only read."""

    index: Path
    weights: Path | None = None
    data: Path | None = None
    vector_store: str | None = None
    """URI of a vector store in which rows are kept and searched; None: they are searched in this process."""
    runs: Path | None = None
    """Folder of runs (their --out), whose embeddings are used where they fit."""


class Searcher:
    """A method ready to search a gallery. Not for several threads at once."""

    def __init__(self, spec: MethodSpec, gallery: Gallery, places: Places, advance: Advance = silent) -> None:
        """Build the method and index what is not indexed yet; the gallery has been brought up to date before.

        Raises BenchmarkError where the method cannot run here, has no weights, or does not suit the gallery.
        """
        with answering_for(spec.id):
            self._open(spec, gallery, places, advance)

    def _open(self, spec: MethodSpec, gallery: Gallery, places: Places, advance: Advance) -> None:
        start = time.perf_counter()
        found = require_usable(spec, gallery, places.weights)
        self.spec, self.gallery = spec, gallery
        self.weights = found.sha256 if found else None
        path = found.path if found else None
        self.surroundings = Surroundings(path, models=places.index / "models", data_dir=places.data)
        kept = places.index / "networks" / row_key(spec, self.weights)
        quick = quick_spec(spec, kept)
        self.method = build_method(quick or spec, self.surroundings, embed_known)
        self.composed = self.method if spec.encoder and isinstance(self.method, VectorMethod) else None
        """The method where it is encoder x transforms x index, whose rows are kept."""
        folder = places.index / gallery.key
        if self.composed:
            self.indexed = index_composed(
                spec, self.composed, self.weights, gallery, folder / "rows", advance, places.vector_store, places.runs
            )
            if not quick:
                keep(spec, self.composed.encoder, sample(gallery, self.indexed.ids), kept)
        elif places.vector_store:
            raise SearchError(f"{spec.id} is no encoder with an index: it has no rows for a vector store (--store)")
        else:
            self.indexed = index_whole(spec, self.method, gallery, folder / "rows", advance)
        self.load_seconds = time.perf_counter() - start
        self.calibration = calibrate(self, folder / "thresholds", advance)

    def search(self, query: Query, k: int = 10, crop: Crop | None = None, face: int | None = None) -> Answer:
        """The best k of the gallery for the query, or for a region of it, or for one face in it.

        Raises SearchError for a region outside the picture, or a face that is not there or cannot be chosen, and
        BenchmarkError for whatever the method raises.
        """
        with answering_for(self.spec.id):
            return self._search(query, k, crop, face)

    def _search(self, query: Query, k: int, crop: Crop | None, face: int | None) -> Answer:
        query = query if crop is None else cropped(query, crop)
        if face is not None and not (self.composed and isinstance(self.composed.encoder, FaceEncoder)):
            raise SearchError(f"{self.spec.id} takes no face to search for: mark its region instead (--crop)")
        itself = None if query.path is None else self.gallery.at(query.path)
        ranking, row, faces, seconds = self._ranking(query, k if itself is None else k + 1, face)
        hits = self.hits(ranking, row, query.sha256 if face is None else None, itself)[:k]
        same = tuple(id for id in self.gallery.holding(query.sha256) if id != itself) if query.sha256 else ()
        return Answer(
            method=self.spec.id,
            gallery=self.gallery.title,
            hits=hits,
            seconds={"load": self.load_seconds, **seconds},
            verdict=self._verdict(ranking, hits, is_there=bool(same) and face is None),
            threshold=self.calibration.threshold,
            itself=None if itself is None else self.gallery.item(itself).id,
            faces=faces,
            notes=(
                *self._in_folder(hits, same, itself),
                *query.notes,
                *self._why_nothing(query, ranking),
                *self.indexed.notes,
                *self.gallery.notes(),
                self.calibration.basis,
                *([] if self.calibration.chance is None or not hits else [self.calibration.chance.words()]),
            ),
            score_means=self._score_means(),
        )

    def _ranking(
        self, query: Query, k: int, face: int | None
    ) -> tuple[Ranking, np.ndarray | None, tuple[Face, ...], dict[str, float]]:
        """Positions in `indexed.ids`, the query's row (1, d) and faces, and seconds to encode and to search."""
        start = time.perf_counter()
        if query.is_flat:
            return _NOTHING, None, (), {"encode": 0.0, "search": 0.0}
        if self.composed is None:
            with StageClock().running() as clock:
                found = self.method.search(single(query.image), k)
                ranking = check_ranking(self.spec.id, found, 1, len(self.indexed.ids))
            searching = clock.seconds.get("search", 0.0) + clock.seconds.get("rerank", 0.0)
            return ranking, None, (), {"encode": time.perf_counter() - start - searching, "search": searching}
        row, faces = self._encoded(query, face)
        encoded = time.perf_counter()
        if row is None:
            return _NOTHING, None, faces, {"encode": encoded - start, "search": 0.0}
        ranking = self.composed.search(KnownRows(row), k)
        return ranking, row, faces, {"encode": encoded - start, "search": time.perf_counter() - encoded}

    def _encoded(self, query: Query, face: int | None) -> tuple[np.ndarray | None, tuple[Face, ...]]:
        """The query's row (1, d), None where a face is looked for and there is none; and its faces."""
        encoder = self.composed.encoder if self.composed else None
        if isinstance(encoder, FaceEncoder):
            return encode_face(encoder, query.image, face)
        return (rows_of(encoder, [query.image]) if encoder else None), ()

    def hits(
        self,
        ranking: Ranking,
        row: np.ndarray | None = None,
        sha256: bytes | None = None,
        itself: int | None = None,
    ) -> tuple[Hit, ...]:
        """What a ranking of one query found, without the image `itself` that is the query's own file.

        A hit is identical where its row is the query's `row`, or its file has the query's `sha256`.
        """
        rows = self.indexed.rows
        hits: list[Hit] = []
        for position, score in zip(ranking.ids[0].tolist(), ranking.scores[0].tolist(), strict=True):
            if position < 0:
                continue
            id = int(self.indexed.ids[position])
            if id == itself:
                continue
            item = self.gallery.item(id)
            tied = bool(hits) and hits[-1].score == score
            rank = hits[-1].rank if tied else len(hits) + 1
            # A row of zeros is no likeness: it says that the encoder saw nothing.
            alike = row is not None and rows is not None and row.any() and same_row(row[0], rows[position])
            identical = bool(alike) or (sha256 is not None and self.gallery.digest(id) == sha256)
            likely = None if self.calibration.chance is None else self.calibration.chance.of(score)
            chance = 1.0 if identical and likely is not None else likely
            score += 0.0  # minus no bits is 0, not -0
            hits.append(Hit(rank, id, item.id, item.label, score, identical, chance))
        return tuple(hits)

    def _in_folder(self, hits: tuple[Hit, ...], same: tuple[int, ...], itself: int | None) -> tuple[str, ...]:
        """That the picture lies in the gallery: as the file that it was read from, or as the `same` file again.

        Also where that is no hit: of many that a method cannot tell apart, it need not be among the first.
        """
        found = {hit.id: place for place, hit in enumerate(hits)}
        first = sorted(same, key=lambda id: found.get(id, len(found)))[:_NAMED]
        more = f" and {len(same) - len(first):,} more" if len(same) > len(first) else ""
        again = f"the same file is in the gallery as {', '.join(self.gallery.item(id).id for id in first)}{more}"
        if itself is None:
            return (again,) if same else ()
        note = f"this picture is in the folder as {self.gallery.item(itself).id}, which is left out of hits and verdict"
        return (note, again) if same else (note,)

    def _verdict(self, ranking: Ranking, hits: tuple[Hit, ...], is_there: bool) -> Verdict:
        """`is_there`: the same file lies in the gallery, whether or not it is among the hits."""
        if ranking.undetected[0]:
            return "nothing to search for"
        threshold = self.calibration.threshold
        if is_there or any(hit.identical or (threshold is not None and hit.score >= threshold) for hit in hits):
            return "match"
        return "not calibrated" if threshold is None else "no good match"

    def _why_nothing(self, query: Query, ranking: Ranking) -> tuple[str, ...]:
        """What to do about a query in which there is nothing to search for."""
        if query.is_flat:
            return ("the picture (or its region) shows one flat colour: search for one that shows something",)
        if not ranking.undetected[0]:
            return ()
        what = "face" if self.spec.content == "faces" else "detail"
        return (f"no {what} was found in the picture: mark one with --crop, or use a method that needs none",)

    def _score_means(self) -> str:
        return _MEANS.get(self.composed.ann.metric if self.composed else "", "its own score") + ", larger is better"
