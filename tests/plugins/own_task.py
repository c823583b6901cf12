"""A task from outside: is the original of a gallery image saved again found? Everything of it is in this file."""

import numpy as np

from benchmarks.core.columns import Column, fraction
from benchmarks.core.tasking.task import Task
from datasets.distortions import distorted_copies


class Resaved(Task):
    name = "resaved"
    summary = "is the original of a picture saved again found?"
    metric = "found"
    columns = (Column("found", "found", fraction), Column("first three", "first_three", fraction))

    def asks(self, spec):
        return "robustness" in spec.tasks

    def budget(self, subset, trained):
        return {"originals": 6}

    def run(self, context, manifest, store):
        gallery = manifest.gallery
        copies = distorted_copies(gallery[:6], ("jpeg",))
        method = context.build(context.embed())
        method.fit(gallery)
        method.index(gallery)
        ranking = method.search(copies, 3)
        context.save_arrays("resaved", first=ranking.ids[:, 0], three=ranking.ids)
        return {"counts": {"gallery": len(gallery), "queries": len(copies)}}

    def values(self, store, cell, row):
        found = store.arrays(cell, "resaved")
        if found is None:
            return None
        wanted = np.arange(len(found["first"]))
        three = (found["three"] == wanted[:, None]).any(axis=1)
        return {"found": (found["first"] == wanted).astype(float), "first_three": three.astype(float)}


TASKS = [Resaved()]
