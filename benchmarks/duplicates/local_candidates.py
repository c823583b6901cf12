"""Pairs of pictures that share local features which agree on a transform, as they are or in a mirror."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from methods.duplicates.local_rows import LocalPicture, mirrored
from methods.local_features.descriptor_index import DescriptorIndex, Neighbours
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
TOGETHER = 16
"""Pictures whose features are searched for at a time."""


class LocalPair(NamedTuple):
    """Positions of two pictures, and whether the first of them is to be seen in a mirror."""

    one: int
    other: int
    mirror: bool


def local_pairs(pictures: Sequence[LocalPicture], advance: Callable[[], None]) -> Iterator[LocalPair]:
    """Every pair of `pictures` that either finds by its features, each way round once; `advance` after each picture."""
    index = DescriptorIndex([picture.features.descriptors for picture in pictures], PROBES)
    seen: set[LocalPair] = set()
    for start in range(0, len(pictures), TOGETHER):
        seekers = [
            _Seeker(number, mirror, mirrored(pictures[number]) if mirror else pictures[number])
            for number in range(start, min(start + TOGETHER, len(pictures)))
            for mirror in (False, True)
        ]
        for seeker, found in zip(seekers, _searched(index, seekers), strict=True):
            for other in _shortlist(count_votes(found), pictures, seeker):
                pair = LocalPair(seeker.number, other, seeker.mirror)
                if pair not in seen and LocalPair(other, seeker.number, seeker.mirror) not in seen:
                    seen.add(pair)
                    yield pair
            if seeker.mirror:
                advance()


class _Seeker(NamedTuple):
    number: int
    mirror: bool
    picture: LocalPicture


def _searched(index: DescriptorIndex, seekers: Sequence[_Seeker]) -> Iterator[Neighbours]:
    """Each one's neighbours: by one search for all, since threads wait for each other at the end of every search."""
    descriptors = [seeker.picture.features.descriptors for seeker in seekers]
    found = index.search(np.concatenate(descriptors), NEIGHBOURS + 1)
    stops = np.cumsum([len(rows) for rows in descriptors]).tolist()
    for start, stop in pairwise([0, *stops]):
        yield Neighbours(found.squared[start:stop], found.image[start:stop], found.row[start:stop])


def _shortlist(votes: Votes, pictures: Sequence[LocalPicture], seeker: _Seeker) -> Iterator[int]:
    """Other pictures with most votes of which enough agree."""
    sums = np.bincount(votes.image, votes.weight, minlength=len(pictures))
    sums[seeker.number] = 0
    for other in np.argsort(-sums, kind="stable")[:SHORTLIST].tolist():
        if sums[other] > 0 and _agreeing(votes, other, seeker.picture, pictures[other]) >= LEAST_AGREEING:
            yield other


def _agreeing(votes: Votes, image: int, seeking: LocalPicture, other: LocalPicture) -> int:
    own = votes.of(image)
    left, right = seeking.features.points[votes.left[own]], other.features.points[votes.right[own]]
    return inliers(left, right, VOTE_TOLERANCE, seed=0)
