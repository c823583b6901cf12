"""All answers to one query, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.search.answer import Answer
from benchmarks.search.distinct import DEEPER, distinct
from benchmarks.search.query import Crop, Query, cropped
from benchmarks.search.searcher import Searcher

if TYPE_CHECKING:
    from benchmarks.reporting.explain import Explanation
    from benchmarks.search.words import Words


@dataclass(frozen=True, eq=False)
class Found:
    """One answer a method, and, where that was asked, why its first hit is one."""

    query: "Query | Words"
    answers: tuple[Answer, ...]
    whys: "tuple[Explanation | None, ...]"

    def to_json(self) -> dict[str, object]:
        """As plain data; explanations without their pictures."""
        answers = [answer.to_json() for answer in self.answers]
        for answer, why in zip(answers, self.whys, strict=True):
            if why is not None:
                answer["why"] = {"title": why.title, "text": why.text}
        return {"query": self.query.name, "answers": answers}


def find(
    searchers: Sequence[Searcher],
    query: Query,
    k: int,
    crop: Crop | None = None,
    face: int | None = None,
    explain: bool = False,
    once: bool = False,
) -> Found:
    """Ask every searcher for the picture, its region or its face; raises SearchError (see Searcher.search).

    `once`: of hits that show the same picture the first alone.
    """
    answers = tuple(ask(searcher, query, k, crop, face, once) for searcher in searchers)
    whys: list[Explanation | None] = [None] * len(answers)
    if explain:
        from benchmarks.search.why import explain_hit

        searched = query if crop is None else cropped(query, crop)
        pairs = zip(answers, searchers, strict=True)
        whys = [explain_hit(searched, answer, searcher, 0) if answer.hits else None for answer, searcher in pairs]
    return Found(query, answers, tuple(whys))


def ask(searcher: Searcher, query: Query, k: int, crop: Crop | None, face: int | None, once: bool) -> Answer:
    """One searcher's answer; `once`: of hits that show the same picture the first alone."""
    if not once:
        return searcher.search(query, k, crop, face)
    return distinct(searcher.search(query, DEEPER * k, crop, face), searcher.gallery, k)
