"""Pairs of pictures that share local features, as they are or in a mirror, and how well each pair agrees."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks.duplicates.agreement import mirrored_cells
from benchmarks.duplicates.alignment import align
from benchmarks.duplicates.links import Link
from benchmarks.duplicates.local_rows import LocalPicture, mirrored
from methods.local_features.descriptor_index import DescriptorIndex
from methods.local_features.indexed_search import Votes, count_votes
from methods.sift_pairs import inliers

NEIGHBOURS = 20
"""Of a descriptor, among those of all pictures; the next one is the background that its votes are weighed by."""
PROBES = 4
SHORTLIST = 8
"""Pictures with most votes whose features are looked at, for each of the two ways round."""
LEAST_AGREEING = 4
"""Of the votes for a picture, that have to agree on one transform before all features are compared."""
VOTE_TOLERANCE = 3.0


def local_links(
    pictures: Sequence[LocalPicture], known: Callable[[int, int], bool], advance: Callable[[int], None]
) -> Iterator[Link]:
    """A link for every pair of `pictures` whose features agree on a transform, the pair's better way round alone.

    Pairs of positions that are `known`, the lower first, are passed over.
    """
    index = DescriptorIndex([picture.features.descriptors for picture in pictures], PROBES)
    seen: set[tuple[int, int, bool]] = set()
    for number, picture in enumerate(pictures):
        for mirror in (False, True):
            seeking = mirrored(picture) if mirror else picture
            for other in _shortlist(index, pictures, seeking, number):
                pair = (min(number, other), max(number, other), mirror)
                if pair not in seen and not known(*pair[:2]):
                    seen.add(pair)
                    found = align(seeking, pictures[other])
                    here = mirrored_cells(found.cells[0]) if mirror else found.cells[0]
                    link = Link(number, other, found.share, (here, found.cells[1]))
                    yield link if number < other else link.reversed()
        advance(1)


def _shortlist(
    index: DescriptorIndex, pictures: Sequence[LocalPicture], seeking: LocalPicture, itself: int
) -> Iterator[int]:
    """Other pictures with most votes of which enough agree."""
    votes = count_votes(index.search(seeking.features.descriptors, NEIGHBOURS + 1))
    sums = np.bincount(votes.image, votes.weight, minlength=len(pictures))
    sums[itself] = 0
    for other in np.argsort(-sums, kind="stable")[:SHORTLIST].tolist():
        if sums[other] > 0 and _agreeing(votes, other, seeking, pictures[other]) >= LEAST_AGREEING:
            yield other


def _agreeing(votes: Votes, image: int, seeking: LocalPicture, other: LocalPicture) -> int:
    own = votes.of(image)
    left, right = seeking.features.points[votes.left[own]], other.features.points[votes.right[own]]
    return inliers(left, right, VOTE_TOLERANCE, seed=0)
