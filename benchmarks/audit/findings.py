"""What an audit finds: copies with what they lie across, unreadable and flat images, sizes of labels."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Required, TypedDict

import numpy as np

from benchmarks.audit.images import Audited
from datasets.errors import DataError
from methods.duplicates.finder import Prints, identical_groups, near_pairs, take_prints

IDENTICAL, NEAR = "identical", "near-identical"


class ImageFacts(TypedDict):
    """One image."""

    image: str
    """Its id."""
    label: str
    role: str
    """query or gallery."""


class AuditRow(ImageFacts, total=False):
    """A finding, as JSON and CSV give it; of a pair of images, or with a `detail` in words."""

    finding: Required[str]
    other_image: str
    other_label: str
    other_role: str
    across_query_and_gallery: bool
    across_labels: bool
    correlation: float
    """Of the prints of both."""
    detail: str


@dataclass(frozen=True, eq=False)
class Audit:
    """Findings about n images; pairs are positions (m, 2), the lower first."""

    of: Audited
    prints: Prints
    identical: np.ndarray
    near: np.ndarray
    correlations: np.ndarray
    changed: bool
    """Whether files changed while they were read."""
    mislabels: list[AuditRow] = field(default_factory=list)
    mislabels_by: str = ""
    """What likely mislabels were looked for with; "" where they were not."""

    @property
    def groups(self) -> int:
        """Groups of byte-identical files."""
        return len(identical_groups(self.prints.digests))

    @property
    def usable(self) -> np.ndarray:
        """(n,) bool: the images that can be read."""
        there = np.ones(len(self.prints.digests), dtype=bool)
        there[list(self.prints.unreadable)] = False
        return there

    def crossing_split(self, pairs: np.ndarray) -> np.ndarray:
        """(m,) bool: which pairs are of a query and a gallery image."""
        roles = self.of.roles[pairs]
        return roles[:, 0] != roles[:, 1]

    def crossing_labels(self, pairs: np.ndarray) -> np.ndarray:
        """(m,) bool: which pairs are of two labels."""
        labels = self.of.labels[pairs]
        return labels[:, 0] != labels[:, 1]

    def rows(self) -> list[AuditRow]:
        """A row for each finding, as JSON and CSV give them."""
        found = [self._pair_row(IDENTICAL, pair, 1.0) for pair in self.identical.tolist()]
        found += [
            self._pair_row(NEAR, pair, value)
            for pair, value in zip(self.near.tolist(), self.correlations.tolist(), strict=True)
        ]
        found += self.mislabels
        for position, reason in self.prints.unreadable.items():
            found.append({"finding": "unreadable", **self.image(position), "detail": reason})
        for position in np.flatnonzero(self.prints.flat & self.usable).tolist():
            found.append({"finding": "flat", **self.image(position), "detail": "too little to see to find copies of"})
        return found

    def image(self, position: int) -> ImageFacts:
        """Id, label and role of an image."""
        item = self.of.images.items[position]
        return {"image": item.id, "label": item.label, "role": str(self.of.roles[position])}

    def _pair_row(self, finding: str, pair: list[int], correlation: float) -> AuditRow:
        both, other = np.array([pair]), self.image(pair[1])
        return {
            "finding": finding,
            **self.image(pair[0]),
            "other_image": other["image"],
            "other_label": other["label"],
            "other_role": other["role"],
            "across_query_and_gallery": bool(self.crossing_split(both)[0]),
            "across_labels": bool(self.crossing_labels(both)[0]),
            "correlation": round(correlation, 4),
        }

    def counts(self) -> dict[str, int]:
        """The numbers of the summary."""
        numbers = {"images": len(self.of.roles), "unreadable": len(self.prints.unreadable)}
        numbers["flat"] = int(np.count_nonzero(self.prints.flat & self.usable))
        numbers["identical_groups"] = self.groups
        for name, pairs in (("identical", self.identical), ("near", self.near)):
            numbers[f"{name}_pairs"] = len(pairs)
            numbers[f"{name}_across_query_and_gallery"] = int(self.crossing_split(pairs).sum())
            numbers[f"{name}_across_labels"] = int(self.crossing_labels(pairs).sum())
        numbers["likely_mislabels"] = len(self.mislabels)
        sizes = np.unique(self.of.labels, return_counts=True)[1]
        numbers |= {"labels": len(sizes), "labels_with_one_image": int((sizes == 1).sum())}
        numbers |= {"smallest_label": int(sizes.min()), "largest_label": int(sizes.max())}
        return numbers


def look(of: Audited, on_progress: Callable[[str], None] = lambda text: None) -> Audit:
    """Read every image once and find all copies; raises DataError where no image can be read."""
    items, total = of.images.items, len(of.images)
    before = of.dataset.fingerprint(items)
    prints = take_prints(of.images, lambda done: on_progress(f"{done:,} of {total:,} images read"))
    if len(prints.unreadable) == total:
        first = next(iter(prints.unreadable.values()))
        raise DataError(f"{of.heading}: none of its {total:,} images can be read (first: {first}); replace them")
    near, correlations = near_pairs(prints, on_progress=lambda done: on_progress(f"{done:,} candidate pairs compared"))
    changed = before is not None and before != of.dataset.fingerprint(items)
    return Audit(of, prints, identical_pairs(prints), near, correlations, changed)


def identical_pairs(prints: Prints) -> np.ndarray:
    """Every pair (m, 2) of byte-identical images, the lower position first."""
    pairs = [
        (group[first], other)
        for group in identical_groups(prints.digests)
        for first in range(len(group))
        for other in group[first + 1 :]
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
