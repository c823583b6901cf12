"""What stands under a table: the data, the queries left out, the canaries, the machine, the versions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from benchmarks.core.scoring import CANARIES, RetrievalScore
from benchmarks.metrics.chance import chance
from benchmarks.reporting.tables.groups import Group
from benchmarks.reporting.tables.model import DISTURBED
from benchmarks.rows.cell import FAILED_RERUN, CellRow, Counts, Machine, Noise, Provenance
from benchmarks.rows.experiments import Ended, PointRow
from datasets.words import count_of
from methods.engines.registry import PLAIN


def retrieval_notes(
    group: Group, scores: dict[str, RetrievalScore], findings: list[str], identical: str = ""
) -> list[str]:
    """Notes of a retrieval table; `identical` says which identical images its figures leave out, "" for none."""
    truth = group.truth
    parts = [
        f"{count_of(len(truth.gallery_ids), 'gallery image')}, {count_of(len(truth.query_ids), 'query', 'queries')} "
        f"({truth.completeness})"
    ]
    notes = origin_notes(group)
    if scores:
        judgement = next(iter(scores.values())).judgement
        level = chance(judgement)
        lone = count_of(judgement.without_positive, "query without a positive is", "queries without a positive are")
        parts.append(f"{lone} left out")
        notes.append(f"Chance level: hit@1 {level['hit@1']:.4f}, mAP {level['mAP']:.4f}. {_canaries(scores, findings)}")
    parts += [identical] if identical else []
    parts += unusable(group)
    return ["Data: " + "; ".join(parts) + ".", *notes, *_words(group), *_disturbed(group), *provenance_notes(group)]


def robustness_notes(
    group: Group, scores: dict[str, RetrievalScore], findings: list[str], identical: str = ""
) -> list[str]:
    """Notes of a robustness table."""
    counts = stored_counts(group)
    line = (
        f"Data: ten copies each of {counts.get('originals', 0)} of {counts.get('gallery', 0):,} gallery images "
        f"({group.truth.completeness}); only the original is right, so hit@1 is the share of copies whose original "
        "comes first." + _sentence(identical)
    )
    return [line, *origin_notes(group), _canaries(scores, findings), *_words(group), *provenance_notes(group)]


def unseen_classes_notes(
    group: Group, scores: dict[str, RetrievalScore], findings: list[str], identical: str = ""
) -> list[str]:
    """Notes of an unseen-classes table."""
    counts = stored_counts(group)
    line = (
        f"Data: {count_of(counts.get('unseen_labels', 0), 'label was', 'labels were')} left out of all fitting "
        f"(which saw {counts.get('fitted_on', 0):,} of {counts.get('gallery', 0):,} gallery images) and asked for in "
        f"{count_of(counts.get('queries', 0), 'query', 'queries')} "
        f'({group.truth.completeness}). "When seen": the same queries in the '
        "retrieval task." + _sentence(identical)
    )
    return [line, *origin_notes(group), _canaries(scores, findings), *_words(group), *provenance_notes(group)]


def task_notes(group: Group, beginning: Sequence[str]) -> list[str]:
    """Notes of any task's table: `beginning`, then the images, what has no figure, the machine."""
    return [*beginning, *origin_notes(group), *_words(group), *provenance_notes(group)]


def verification_notes(group: Group, identical: str = "") -> list[str]:
    """Notes of a verification table."""
    counts = stored_counts(group)
    parts = [
        f"{count_of(counts.get('pairs', 0), 'pair')} of {count_of(counts.get('images', 0), 'image')} "
        f"({group.truth.completeness})"
    ]
    if counts.get("missing_pairs"):
        parts.append(f"{counts['missing_pairs']:,} official pairs left out: an image is not in this copy")
    parts += [identical] if identical else []
    parts += unusable(group)
    return ["Data: " + "; ".join(parts) + ".", *origin_notes(group), *_words(group), *provenance_notes(group)]


def _sentence(text: str) -> str:
    return f" {text[0].upper()}{text[1:]}." if text else ""


def origin_notes(group: Group) -> list[str]:
    """Where the images come from, in what they differ from the published ones, what is wrong with the note."""
    sentence = group.truth.origin.sentence
    return [f"Origin of the images: {sentence}."] if sentence else []


def engine_notes(group: Group) -> list[str]:
    """What networks ran on where it was not plain Keras, and rows of older versions that mix two engines."""
    lines = []
    if on := [cell.method for cell, _, _ in group.entries if cell.engine != PLAIN]:
        lines.append(
            f"METHOD@ENGINE: all of the row is measured on that engine, checked against {PLAIN} on gallery images "
            f"({', '.join(on)})."
        )
    found = {cell.method: row.get("engine", {}) for cell, row, _ in group.entries}
    if mixed := [name for name, engine in found.items() if engine.get("timed") != engine.get("embeddings")]:
        lines.append(
            f"Rows of an older version, whose accuracy is another engine's than their latency: {', '.join(mixed)}; run "
            "them again."
        )
    return lines


def provenance_notes(group: Group) -> list[str]:
    """Machine, versions, protocol: where the figures come from."""
    rows = [row for _, row, _ in group.entries]
    run = run_note(
        [machine_text(row["provenance"]["machine"]) for row in rows],
        [row["inputs"]["threads"] for row in rows],
        any(row["jobs"] > 1 and row.get("latency") for row in rows),
    )
    return [*engine_notes(group), run, version_note(rows, group.manifest)]


def version_note(rows: Sequence[CellRow | PointRow], manifest: str) -> str:
    """Protocol, images, code, dates and libraries of stored rows."""
    newest = max(rows, key=lambda row: row["started"])
    facts = newest["provenance"]
    commits = sorted({_commit(row) for row in rows})
    dates = sorted({row["started"][:10] for row in rows})
    packages = ", ".join(f"{name} {version}" for name, version in facts["packages"].items() if version != "absent")
    return (
        f"Protocol {newest['inputs']['protocol']}, seed {newest['inputs']['seed']}, manifest {manifest[:12]}, "
        f"commit {', '.join(commits)}, run {' to '.join([dates[0], dates[-1]] if len(dates) > 1 else dates)}; "
        f"Python {facts['python']}, {packages}."
    )


def machine_note(provenances: Sequence[Provenance]) -> str:
    """The machine of the last of `provenances` (see benchmarks.system.provenance), and whether it was the only one."""
    mixed = {str(provenance["machine"]) for provenance in provenances}
    return _machine_note(machine_text(provenances[-1]["machine"]), len(mixed) > 1)


def run_note(machines: Sequence[str], threads: Sequence[int], side_by_side: bool) -> str:
    """The machine of the last row, whether it was the only one, and how rows were run."""
    *fewer, most = sorted(set(threads))
    counted = ", ".join([*map(str, fewer), count_of(most, "thread")])
    jobs = " Cells ran side by side: latencies disturb each other." if side_by_side else ""
    return f"{_machine_note(machines[-1], len(set(machines)) > 1)} {counted}.{jobs}"


def machine_text(machine: Machine) -> str:
    """A machine (see benchmarks.system.provenance) in one line."""
    gpu = machine["gpu"] or "no GPU on this machine"
    cores = count_of(machine["cores"], "core")
    return f"{machine['cpu']}, {cores}, {machine['memory_gib']} GiB, {gpu}; {machine['system']}"


def _machine_note(machine: str, mixed: bool) -> str:
    return f"Machine: {machine}." + (" Rows come from different machines: compare no times." if mixed else "")


def stored_counts(group: Group) -> Counts:
    """How many of what the group's cells had; empty where none has a result."""
    none: Counts = {}
    return next((row["counts"] for _, row, _ in group.entries if "counts" in row), none)


def _canaries(scores: dict[str, RetrievalScore], findings: list[str]) -> str:
    if findings:
        return "**The canaries found the protocol broken: " + "; ".join(findings) + ".**"
    present = [name for name in CANARIES if name in scores]
    return f"Canaries {', '.join(present)}: where theory puts them." if present else "No canary ran."


def _words(group: Group) -> list[str]:
    """One line for each row without a figure, with the reason."""
    lines = []
    for cell, row, spec in group.entries:
        if row["status"] != "ok":
            lines.append(f"{cell.method}: {row['status']} ({row['reason']})")
        elif not row["trained"]:
            lines.append(f"{cell.method}: untrained (no weights: fetch {spec.weights[0]}); timed over random vectors")
    if group.left_out:
        are = "is" if group.left_out == 1 else "are"
        lines.append(f"{count_of(group.left_out, 'stored row')} {are} about other images and not shown")
    without = ["Without a figure: " + "; ".join(lines) + "."] if lines else []
    return without + rerun_notes((cell.method, row) for cell, row, _ in group.entries)


def rerun_notes(rows: Iterable[tuple[str, Mapping[str, object]]]) -> list[str]:
    """One line on rows, each with its name, that are shown since their last rerun gave none; nothing without any."""
    later = [(name, cast(Ended, row[FAILED_RERUN])) for name, row in rows if FAILED_RERUN in row]
    kept = [f"{name}: {row['status']} ({row['reason']})" for name, row in later]
    return ["Rerun without a result, so the row before it is shown: " + "; ".join(kept) + "."] if kept else []


def _disturbed(group: Group) -> list[str]:
    """One line on rows whose times were disturbed, with what disturbed them."""
    met = {cell.method: row["noise"] for cell, row, _ in group.entries if row.get("noise", {}).get("disturbed")}
    if not met:
        return []
    said = [f"{method} ({disturbance_words(noise)})" for method, noise in met.items()]
    return [
        f"{DISTURBED} timed while the machine was not quiet: {', '.join(said)}; run these again on a quiet machine "
        "(--force) for times that hold."
    ]


def disturbance_words(noise: Noise) -> str:
    """What a row's "noise" says: "other processes kept 1.8 cores busy, clock noise 12%"."""
    others = "" if noise["others"] is None else f"other processes kept {noise['others']:.1f} cores busy, "
    return f"{others}clock noise {noise['strayed']:.0%}"


def unusable(group: Group) -> list[str]:
    """Images that cannot be used, and those that are although their files lack their last bytes."""
    skipped, cut_short = [id for id, _ in group.truth.skipped], group.truth.cut_short
    parts = [f"{count_of(len(skipped), 'unusable image')} skipped ({_first(skipped)})"] if skipped else []
    if cut_short:
        files = count_of(
            len(cut_short), "image whose file lacks its last bytes", "images whose files lack their last bytes"
        )
        parts.append(f"{files}: read with the rest grey ({_first(cut_short)})")
    return parts


def _first(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")


def _commit(row: CellRow | PointRow) -> str:
    git = row["provenance"]["git"]
    return (git["commit"] or "unknown")[:10] + (" (with changes)" if git["dirty"] else "")
