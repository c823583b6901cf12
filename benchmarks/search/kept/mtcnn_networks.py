"""MTCNN's three networks as they were kept, on numpy, OpenCV and OpenVINO: without TensorFlow."""

from pathlib import Path

from benchmarks.search.kept.model import KeptModel
from methods.faces.plain_networks import PlainNetworks

PROPOSAL = "proposal.xml"
CROPS = {"refinement.xml": 24, "output.xml": 48}
"""The later networks, and the side of what they look at."""


class KeptNetworks(PlainNetworks):
    """What a Cascade runs, from files in `folder`: importing TensorFlow takes longer than a whole search."""

    def __init__(self, folder: Path) -> None:
        super().__init__(*(KeptModel(folder / name) for name in (PROPOSAL, *CROPS)))
