"""Hits that show the same picture as an earlier one, left out: a burst of saved copies is one answer, not twelve."""

from dataclasses import replace

import numpy as np

from benchmarks.search.answer import Answer
from benchmarks.search.gallery import Gallery, imageset
from datasets.words import count_of
from methods.duplicates.finder import identical_groups, near_pairs, take_prints

DEEPER = 3
"""Times as many hits are asked for, so that enough are left."""


def distinct(answer: Answer, gallery: Gallery, k: int) -> Answer:
    """The first `k` hits that look like no earlier one; how many were left out on the way is a note.

    Hits look the same where their files are equal or near-identical (another size, format or quality, a small crop).
    One that cannot be read any more stays.
    """
    prints = take_prints(imageset(gallery, [hit.id for hit in answer.hits]))
    alike = [*map(tuple, near_pairs(prints)[0].tolist())]
    alike += [(group[0], place) for group in identical_groups(prints.digests) for place in group[1:]]
    kept = np.ones(len(answer.hits), dtype=bool)
    for earlier, later in sorted(alike):
        kept[later] &= not kept[earlier]
    places = np.flatnonzero(kept)[:k].tolist()
    hidden = places[-1] + 1 - len(places) if places else 0
    said = f"{count_of(hidden, 'hit that shows', 'hits that show')} the same picture as an earlier one left out"
    notes = (*([said] if hidden else []), *answer.notes)
    return replace(answer, hits=tuple(answer.hits[place] for place in places), notes=notes)
