"""Generated stand-ins for data sets that are not on this machine: deterministic, labelled, made without any file.

The faces are modelled as a relief, lit, turned and set in a scene (`portrait`), so that a face detector finds them and
a face network tells the people apart; the objects are drawn from outlines (`objects`). The same version of NumPy and
OpenCV draws the same bytes in every run.
"""

import os
from pathlib import Path

from datasets.dataset import Dataset
from datasets.errors import UnknownNameError, suggest
from datasets.synthetic.stand_ins import StandIn, SyntheticCifar10, SyntheticImdbWiki, SyntheticLfw

__all__ = ["DRAWINGS", "STAND_INS", "StandIn", "stand_in"]

STAND_INS: dict[str, type[StandIn]] = {kind.name: kind for kind in (SyntheticLfw, SyntheticCifar10, SyntheticImdbWiki)}
"""By the name of the data set each stands in for."""

DRAWINGS = "RIS_DRAWINGS"
"""The variable of the environment that names one folder where drawn images are kept, whatever results they are for."""


def stand_in(name: str, drawings: Path | None = None) -> Dataset:
    """The stand-in for data set `name` ("lfw", "cifar10", "imdb-wiki"); raises UnknownNameError for another.

    Its images are drawn once and kept below the folder that DRAWINGS names, else below `drawings`; without either they
    are drawn each time they are read.
    """
    if name not in STAND_INS:
        raise UnknownNameError(suggest("synthetic data set", name, STAND_INS))
    shared = os.environ.get(DRAWINGS)
    return STAND_INS[name](Path(shared) if shared else drawings)
