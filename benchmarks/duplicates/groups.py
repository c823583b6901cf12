"""From verified pairs to groups in which no chain has merged strangers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.duplicates.links import Link

SHARED = 0.5
"""Of the smaller of two pictures' places in a third: with so much in common they show the same part of it."""


@dataclass(frozen=True)
class Group:
    """Positions of pictures, the `hub` first, and the `scores` that tie each member to it; the hub's is the best."""

    hub: int
    members: tuple[int, ...]
    scores: tuple[float, ...]


def verified_groups(links: Sequence[Link], complete: bool) -> tuple[list[Group], list[Link]]:
    """Groups around hubs, by their first member's position, and the links that join two groups or lead out of one.

    The picture with most links is a hub first, with all its pictures that are in no group yet, best first. Each of them
    has a link to the hub. It needs another one to every member, always with `complete`; else also a member without
    such a link is let in where both show the same part of the hub: two crops of a photograph, not two photographs that
    one collage holds.
    """
    near: dict[int, dict[int, Link]] = defaultdict(dict)
    for link in links:
        near[link.one][link.other] = link
        near[link.other][link.one] = link.reversed()
    weight = {one: sum(link.score for link in around.values()) for one, around in near.items()}
    group_of: dict[int, int] = {}
    groups: list[Group] = []
    for hub in sorted(near, key=lambda one: (-len(near[one]), -weight[one], one)):
        if hub in group_of:
            continue
        members: list[int] = [hub]
        free = [link for link in near[hub].values() if link.other not in group_of]
        for link in sorted(free, key=lambda link: (-link.score, link.other)):
            if all(_belong(near, hub, member, link, complete) for member in members[1:]):
                members.append(link.other)
        if len(members) > 1:
            group_of.update(dict.fromkeys(members, len(groups)))
            scores = tuple(near[hub][member].score for member in members[1:])
            groups.append(Group(hub, tuple(members), (max(scores), *scores)))
    left = [link for link in links if group_of.get(link.one, -1) != group_of.get(link.other, -2)]
    return sorted(groups, key=lambda group: min(group.members)), left


def _belong(near: dict[int, dict[int, Link]], hub: int, member: int, link: Link, complete: bool) -> bool:
    """Whether a picture that has `link` with the hub may join a member."""
    if member in near[link.other]:
        return True
    if complete:
        return False
    mine, theirs = link.cells[0], near[hub][member].cells[0]
    smaller = min(mine.bit_count(), theirs.bit_count())
    return smaller > 0 and (mine & theirs).bit_count() >= SHARED * smaller
