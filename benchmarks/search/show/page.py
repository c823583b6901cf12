"""The contact sheet as one page that needs nothing beside it: pictures are inside, nothing is loaded from anywhere."""

from collections.abc import Sequence

from PIL import Image as PilImage

from benchmarks.reporting.explain import Explanation
from benchmarks.search.answer import Answer
from benchmarks.search.found import Found
from benchmarks.search.gallery import Gallery
from benchmarks.search.query import Query
from benchmarks.search.show.terminal import percent
from benchmarks.search.show.thumbs import data_uri, gallery_thumb, thumb
from benchmarks.system.page_templates import page_environment

SIDE = 200
"""Pixels of a picture on the page."""


def sheet_page(found: Sequence[Found], gallery: Gallery) -> str:
    """The page of all queries, their answers and explanations."""
    environment = page_environment("benchmarks.search.show")
    blocks = [
        {
            "name": one.query.name,
            "picture": data_uri(thumb(one.query.image, 2 * SIDE)) if isinstance(one.query, Query) else None,
            "answers": [_answer(answer, why, gallery) for answer, why in zip(one.answers, one.whys, strict=True)],
        }
        for one in found
    ]
    return environment.get_template("sheet.html.j2").render(blocks=blocks, gallery=gallery.title)


def why_shown(why: Explanation) -> dict[str, str | None]:
    """An explanation for a page: title, text, and picture as a data URI, None where there is none."""
    picture = None if why.picture is None else data_uri(PilImage.fromarray(why.picture))
    return {"title": why.title, "text": why.text, "picture": picture}


def _answer(answer: Answer, why: Explanation | None, gallery: Gallery) -> dict[str, object]:
    pictures = [gallery_thumb(gallery, hit.id, SIDE) for hit in answer.hits]
    return {
        "answer": answer,
        "milliseconds": 1e3 * (answer.seconds["encode"] + answer.seconds["search"]),
        "hits": [
            {
                "hit": hit,
                "good": answer.is_good(hit),
                "chance": percent(hit.chance),
                "picture": data_uri(picture) if picture else None,
            }
            for hit, picture in zip(answer.hits, pictures, strict=True)
        ],
        "why": why_shown(why) if why else None,
    }
