"""Whether a task means anything on a subset: what it asks must be answerable rightly and wrongly."""

import numpy as np

from benchmarks.tasks.open_set import unseen_labels
from datasets.manifest import Manifest, PairManifest

ONE_LABEL = "one label: nothing to tell apart"


def obstacle(task: str, manifest: Manifest | PairManifest) -> str:
    """Why `task` says nothing about any method on these images; empty where it does.

    Retrieval among images of one label would call every answer right, whoever gives it. Robustness asks for a picture,
    not for a label: two pictures are enough.
    """
    if isinstance(manifest, PairManifest):
        return ""
    gallery, queries = manifest.gallery, manifest.queries
    if task == "robustness":
        return "" if len(gallery) > 1 else "one gallery image: nothing to tell apart"
    if len(np.unique(gallery.labels)) < 2:
        return ONE_LABEL
    if not np.isin(queries.labels, gallery.labels).any():
        return "no query shares its label with a gallery image: nothing to find"
    return ""


def unlearnable(task: str, manifest: Manifest | PairManifest) -> str:
    """Why a method that learns from labels cannot learn from what the task lets it see; empty where it can."""
    if isinstance(manifest, PairManifest):
        return ""
    labels = np.unique(manifest.gallery.labels)
    if task == "open-set":
        labels = np.setdiff1d(labels, unseen_labels(manifest.gallery, manifest.queries))
    return "" if len(labels) > 1 else "one label: nothing to learn"
