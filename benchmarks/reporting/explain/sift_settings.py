"""With what settings a method of the family compares two images by SIFT, read from its catalogue entry."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from methods.building import resolve
from methods.local_features import aggregated_search, indexed_search
from methods.sift import SiftMatching
from methods.sift_features import SiftExtractor
from methods.spec import MethodSpec


@dataclass(frozen=True)
class SiftSettings:
    """How features are found (`max_features`, `short_side`), matched (`ratio`, `root`) and verified (the others)."""

    max_features: int
    ratio: float
    root: bool
    tolerance: float
    seed: int
    short_side: int
    note: str
    """What the method's score is made of, beyond the matches."""


def sift_settings(spec: MethodSpec) -> SiftSettings:
    """The settings of a whole method of the SIFT family; those of SiftMatching for one of somebody else's."""
    if spec.method is None:
        raise ValueError(f"{spec.id} is no whole method: it has no settings for SIFT")
    factory = resolve(spec.method)
    if factory in (aggregated_search.bag_of_words_search, aggregated_search.vlad_search):
        return _of_aggregated(_arguments(factory, spec.method.params))
    if factory is indexed_search.IndexedSearch:
        return _of_indexed(_arguments(factory, spec.method.params))
    if factory is SiftMatching:
        return _of_matching(_arguments(factory, spec.method.params))
    return replace(_of_matching(_arguments(SiftMatching, {})), note=_FOREIGN)


def _of_matching(settings: dict[str, Any]) -> SiftSettings:
    note = "The score is the number of the query's points that pass the ratio test."
    if settings["verify"]:
        note = "The score is the number that fit; the number of ratio-test matches settles ties."
    elif settings["aggregate"] == "mean-distance":
        note = "The score is minus the mean distance of the query's descriptors to their nearest in the hit."
    names = ("max_features", "ratio", "root", "tolerance", "seed", "short_side")
    return SiftSettings(**{name: settings[name] for name in names}, note=note)


def _of_aggregated(settings: dict[str, Any]) -> SiftSettings:
    return SiftSettings(
        max_features=_arguments(aggregated_search.AggregatedSearch, {})["max_features"],
        ratio=aggregated_search.RATIO,
        root=True,
        tolerance=aggregated_search.TOLERANCE,
        seed=settings["seed"],
        short_side=_arguments(SiftExtractor, {})["short_side"],
        note=_AGGREGATED
        + (" times 1 + the number that fit." if settings["verify"] else "; it does not look at these."),
    )


def _of_indexed(settings: dict[str, Any]) -> SiftSettings:
    return SiftSettings(
        max_features=settings["max_features"],
        ratio=aggregated_search.RATIO,
        root=True,
        tolerance=settings["tolerance"],
        seed=settings["seed"],
        short_side=_arguments(SiftExtractor, {})["short_side"],
        note="The method itself verifies matches found among all of the gallery's descriptors; these are the pair's.",
    )


_FOREIGN = "These are the matches of `sift`; this method may compare images in another way."
_AGGREGATED = "The score is 1 + the cosine of the two images' vectors"


def _arguments(factory: Callable[..., Any], given: Any) -> dict[str, Any]:
    """What `factory` is called with: `given`, and its defaults for the rest."""
    bound = {name: parameter.default for name, parameter in inspect.signature(factory).parameters.items()}
    return {**bound, **given}
