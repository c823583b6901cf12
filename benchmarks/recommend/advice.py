"""From figures to one choice: the fastest of those as accurate as the best within the limits."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.metrics.statistics import tied_with_best
from benchmarks.protocol import SEED
from benchmarks.recommend.candidates import Purpose
from benchmarks.recommend.figures import Figures, doubts
from benchmarks.recommend.rounds import Limits, Outcomes
from benchmarks.system.provenance import program
from datasets.words import count_of, score_text

CLOSE = 0.05
"""Share of searches by which the choice may find less than the best: few searches cannot tell 37% from 50%, but nobody
should be advised to take the former."""
_FOUND = {"copies": "the original of a copy", "people": "the same person", "things": "the same thing"}


@dataclass(frozen=True)
class Advice:
    """What to take: None where no method keeps within the limits. `lines` say it, sentence by sentence."""

    choice: Figures | None
    lines: tuple[str, ...]
    commands: tuple[str, ...]


def advise(
    outcomes: Outcomes, limits: Limits, purpose: Purpose, folder: Path, copy_share: float, options: Sequence[str] = ()
) -> Advice:
    """The advice; `options` go into the commands (a plug-in, say)."""
    finalists = outcomes.finalists
    within = [each for each in finalists if limits.held_by(each)]
    if not within:
        if not finalists:
            more = "raise --budget, or see above why" if outcomes.late else "see above why"
            return Advice(None, (f"No method gave a result in this time: {more}.",), ())
        fastest = min(finalists, key=lambda each: each.p50_ms)
        return Advice(
            None,
            (f"No method keeps within {_limits(limits)}. The fastest is {_told(fastest, purpose)}.",),
            (),
        )
    tied = tied_with_best({each.method: each.values for each in within}, seed=SEED)
    best = max(within, key=lambda each: each.accuracy)
    near = best.accuracy - CLOSE
    as_good = [each for each in within if each.method in tied and each.accuracy >= near] or [best]
    choice = min(as_good, key=lambda each: (each.p50_ms, -each.accuracy))
    lines = [f"Use {_told(choice, purpose)}, in a gallery of {choice.size:,}."]
    if choice is not best:
        lines.append(
            f"{best.method} finds {best.accuracy:.0%} at {_cost(best)}: these searches cannot tell the two apart."
        )
    better = max(finalists, key=lambda each: each.accuracy)
    if better not in within and better.accuracy > best.accuracy:
        lines.append(
            f"More accurate, but over {_limits(limits)}: {better.method}, {better.accuracy:.0%} at {_cost(better)}."
        )
    lines += _untried(outcomes, limits, best)
    return Advice(choice, (*lines, *threshold_lines(choice, purpose, copy_share)), _commands(choice, folder, options))


def _untried(outcomes: Outcomes, limits: Limits, best: Figures) -> list[str]:
    """Who may be better: methods without a result in this time, and one without any among so many pictures."""
    never = [method for method in outcomes.late if method not in outcomes.figures]
    lines = (
        [f"{count_of(len(never), 'method')} had too little time for a result, and may be better (--budget gives more)."]
        if never
        else []
    )
    others = [each for each in outcomes.figures.values() if each.size < best.size and limits.held_by(each)]
    most = max(others, key=lambda each: each.accuracy, default=best)
    if most.method not in outcomes.late or most.accuracy <= best.accuracy:
        return lines
    return [
        *lines,
        f"It may be that {most.method} is better: it finds {most.accuracy:.0%} among {most.size:,} pictures, and had "
        "no time to be tried among more (--budget gives more).",
    ]


def threshold_lines(choice: Figures, purpose: Purpose, copy_share: float) -> list[str]:
    """The threshold with what it lets through, and what is to be said against it."""
    if choice.threshold is None:
        return [f"{doubts(None, copy_share)[0]}.".capitalize()]
    cut = choice.threshold
    lines = [
        f"Threshold: a score of {score_text(cut.score)} or more is a match. "
        f"Expected false matches: {cut.false_matches:.1%} of searches for what is not there "
        f"({cut.interval.low:.1%} to {cut.interval.high:.1%}); "
        f"{cut.found:.0%} of searches for {_FOUND[purpose]} end in the right match."
    ]
    if against := doubts(cut, copy_share):
        lines.append(f"This threshold cannot be trusted: {'; '.join(against)}.")
    return lines


def _told(figures: Figures, purpose: Purpose) -> str:
    low, high = figures.interval
    return (
        f"{figures.method}: it finds {_FOUND[purpose]} in {figures.accuracy:.0%} of searches ({low:.0%} to {high:.0%}) "
        f"at {_cost(figures)}"
    )


def _cost(figures: Figures) -> str:
    memory = "" if figures.peak_mib is None else f" and {figures.peak_mib:,.0f} MiB"
    return f"{figures.p50_ms:.3g} ms a search{memory}"


def _limits(limits: Limits) -> str:
    parts = [
        *([f"{limits.max_ms:g} ms"] if limits.max_ms is not None else []),
        *([f"{limits.max_mib:g} MiB"] if limits.max_mib is not None else []),
    ]
    return " and ".join(parts) or "the limits"


def _commands(choice: Figures, folder: Path, options: Sequence[str]) -> tuple[str, ...]:
    words = ["search", "PICTURE", "--gallery", str(folder), "--method", choice.method, *options]
    return (f"{program()} {shlex.join(words)}",)
