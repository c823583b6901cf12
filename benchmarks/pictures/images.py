"""The images behind stored rankings."""

import json
from pathlib import Path

from benchmarks.store import Store
from benchmarks.tables.groups import Group
from datasets.manifest import Manifest
from datasets.registry import open_dataset


def images_of(store: Store, group: Group, data_dir: Path | None) -> Manifest:
    """Gallery and queries that a retrieval group was run on; a stand-in's are generated, whatever lies in `data_dir`.

    Raises BenchmarkError where they are not here.
    """
    text = store.manifest_path(group.manifest).read_text(encoding="utf-8")
    synthetic = json.loads(text)["synthetic"]
    dataset = open_dataset(group.entries[0][0].dataset, None if synthetic else data_dir, store.drawings)
    return Manifest.from_json(text, dataset)
