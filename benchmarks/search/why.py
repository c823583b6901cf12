"""Why a hit was one: the explanation of a search's result."""

from benchmarks.reporting.explain import Explanation, Neighbour, explain
from benchmarks.search.answer import Answer
from benchmarks.search.query import Query
from benchmarks.search.searcher import Searcher
from benchmarks.system.failing import answering_for
from datasets.errors import BenchmarkError


def explain_hit(query: Query, answer: Answer, searcher: Searcher, place: int) -> Explanation:
    """Why the hit at `place` (from 0) is one; what cannot be explained says why not.

    `query` is what was searched for: the region, if there was one.
    """
    hit = answer.hits[place]
    try:
        with answering_for(searcher.spec.id):
            return explain(
                searcher.spec,
                query.image,
                searcher.gallery.decode(searcher.gallery.read(hit.id), hit.id),
                neighbours=[Neighbour(other.path, other.label, other.score) for other in answer.hits],
                chosen=place,
                surroundings=searcher.surroundings,
            )
    except BenchmarkError as error:
        return Explanation("cannot be explained", str(error), None)
