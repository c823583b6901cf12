"""Every ranking metric under its exact name."""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.metrics.judgement import CUTOFFS, Judgement
from benchmarks.metrics.ranking import (
    average_precision,
    average_precision_at_r,
    hit,
    knn_vote,
    ndcg,
    precision,
    r_precision,
    recall,
    reciprocal_rank,
    tie_rate,
)
from datasets.errors import UnknownNameError
from datasets.safe_text import REASON, one_line
from methods.trial import PluginError

_TIES = "McSherry & Najork, ECIR 2008"


@dataclass(frozen=True)
class Metric:
    """A metric of one query; its mean over queries is what tables print under `name`."""

    name: str
    description: str
    source: str
    function: Callable[[Judgement], np.ndarray]
    """Judgement of q queries -> values (q,) float64, NaN for queries without a positive."""
    is_quality: bool = True
    """False for a diagnosis, which ranks no method."""


def _metrics() -> Iterator[Metric]:
    def at_each_k(
        name: str, description: str, source: str, function: Callable[..., np.ndarray], is_quality: bool = True
    ) -> Iterator[Metric]:
        for k in CUTOFFS:
            yield Metric(f"{name}@{k}", description.format(k=k), source, partial(function, k=k), is_quality)

    yield from at_each_k("hit", "a positive is among the first {k}", _TIES, hit)
    yield from at_each_k("P", "fraction of the first {k} that are positives", _TIES, precision)
    yield from at_each_k("recall", "fraction of the positives found among the first {k}", _TIES, recall)
    yield Metric("mAP", "average precision over the full ranking and all positives", _TIES, average_precision)
    yield Metric(
        "MAP@R",
        "average precision within the first R, the number of positives",
        "Musgrave et al., ECCV 2020",
        average_precision_at_r,
    )
    yield Metric("R-precision", "precision at R, the number of positives", "TREC; " + _TIES, r_precision)
    yield Metric("MRR", "1 / rank of the first positive", _TIES, reciprocal_rank)
    yield from at_each_k("nDCG", "discounted gain of the first {k} over the ideal", "Järvelin & Kekäläinen 2002", ndcg)
    yield from at_each_k("kNN-vote", "a vote of the first {k} names the right label", "Cover & Hart 1967", knn_vote)
    yield from at_each_k("tie_rate", "queries whose first {k} the scores leave open", _TIES, tie_rate, is_quality=False)


METRICS: dict[str, Metric] = {metric.name: metric for metric in _metrics()}
"""In the order in which tables show them."""


_OWN = tuple(METRICS)
_NAME = re.compile(r"[A-Za-z][\w@.-]{0,39}")


def added_metrics() -> tuple[str, ...]:
    """Names of the quality metrics that plug-ins brought."""
    return tuple(name for name, metric in METRICS.items() if name not in _OWN and metric.is_quality)


def add_metric(metric: object) -> None:
    """Have a plug-in's metric wherever the project's own are; the same one again does nothing.

    Raises ValueError, in words that follow its name, for what is none or has a name that is taken.
    """
    if not isinstance(metric, Metric):
        raise ValueError(f"it is a {type(metric).__name__}, expected a benchmarks.metrics.registry.Metric")
    if not _NAME.fullmatch(metric.name):
        raise ValueError("a name begins with a letter and has letters, digits and @ _ . - only, 40 at most")
    taken = {name.casefold(): name for name in METRICS}.get(metric.name.casefold())
    if taken is not None and METRICS[taken] != metric:
        raise ValueError("the name is taken; give yours another")
    METRICS.setdefault(metric.name, metric)


def parse_metric(name: str) -> Metric:
    """The metric called `name` (in any case of letters).

    Raises:
        UnknownNameError: there is none; the message suggests the nearest.
    """
    if name in METRICS:
        return METRICS[name]
    folded = {known.casefold(): known for known in METRICS}
    if name.casefold() in folded:
        return METRICS[folded[name.casefold()]]
    near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(METRICS)}"
    raise UnknownNameError(f"unknown metric {name!r}: {hint}")


def evaluate(judgement: Judgement, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Values (q,) of the metrics `names` (default: all of METRICS), by name; NaN for queries left out.

    Raises:
        UnknownNameError: for a name that is no metric.
        PluginError: a plug-in's metric fails, or gives no value for a query that has a positive.
    """
    metrics = METRICS.values() if names is None else [parse_metric(name) for name in names]
    return {
        metric.name: metric.function(judgement) if metric.name in _OWN else _checked(metric, judgement)
        for metric in metrics
    }


def _checked(metric: Metric, judgement: Judgement) -> np.ndarray:
    """The values of a plug-in's metric; NaN where there is nothing to find, whatever it says."""
    try:
        values = np.array(metric.function(judgement), dtype=np.float64)
    except Exception as error:
        said = one_line(f"{type(error).__name__}: {error}", REASON)
        raise PluginError(f"the plug-in's metric {metric.name} failed: {said}") from error
    if values.shape != (len(judgement),):
        raise PluginError(
            f"the plug-in's metric {metric.name} gives values of shape {values.shape}, not one for each of "
            f"{len(judgement)} queries"
        )
    values[~judgement.scored] = np.nan
    if missing := int((~np.isfinite(values[judgement.scored])).sum()):
        raise PluginError(
            f"the plug-in's metric {metric.name} gives no finite value for {missing} of "
            f"{int(judgement.scored.sum())} queries that have a positive"
        )
    return values
