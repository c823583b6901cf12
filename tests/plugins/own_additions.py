"""A data set, a metric and a column from outside; everything of them is in this file."""

import numpy as np

from benchmarks.core.columns import DerivedColumn, fraction
from benchmarks.metrics.registry import Metric
from datasets.files import FileDataset
from datasets.imageset import Item
from datasets.selection import check_subset, require_queries, split_of


class Stamps(FileDataset):
    """Pictures called LABEL-NUMBER.png in one folder."""

    name = "stamps"
    content = "objects"

    def __init__(self, root):
        self.root = root

    def list_files(self):
        names = sorted(path.name for path in self.root.glob("*.png"))
        return {name: (Item(name, name.partition("-")[0]), str(self.root / name)) for name in names}

    def split(self, subset):
        check_subset(self.title, subset, self.subsets)
        return require_queries(split_of(self.items(), subset), self.title)


def found_above_the_middle(judgement):
    """Is a positive among the first half of the gallery? Ties count as the chance of each order."""
    found = np.zeros(len(judgement))
    first = judgement.first_blocks
    half = judgement.candidates[first.query] // 2
    found[first.query] = first.above < half
    return found


DATASETS = [Stamps]
METRICS = [Metric("upper-half", "a positive is in the upper half", "this file", found_above_the_middle)]
COLUMNS = [
    DerivedColumn("hits a MiB", "hits_per_mib", fraction, of=lambda row: row["hit@1"] / row["peak_bytes"] * 2**20)
]
