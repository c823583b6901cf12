"""An audit for people and programs: lines for the terminal, a page in markdown, JSON and CSV."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.audit.findings import Audit, AuditRow
from benchmarks.audit.headline import Headline
from benchmarks.audit.images import Audited
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_json, write_text
from benchmarks.system.named_files import Form, require_free, require_outside
from benchmarks.system.names import file_stem
from datasets.safe_text import REASON, code, markdown, one_line, printable
from datasets.words import count_of
from methods.duplicates.finder import HASH_BITS
from methods.duplicates.same_picture import AGREE, CORRELATION, LOCAL_DIFFERENCE, OVERLAP

_LISTED = 50
"""Findings that the page lists; the CSV file has all."""
_COLUMNS = (
    "finding",
    *(f"{prefix}{name}" for prefix in ("", "other_") for name in ("image", "label", "role")),
    "across_query_and_gallery",
    "across_labels",
    "correlation",
    "detail",
)
_TITLE = "# Audit of "
_FORMS = (
    Form((".md",), (_TITLE.encode(),)),
    Form((".json",), (b'"changed_while_read": ',)),
    Form((".csv",), (",".join(_COLUMNS).encode(),)),
)
RULE = (
    f"near-identical: pHash within {HASH_BITS} of 64 bits; then, one thumbnail registered to the other, correlation of "
    f"at least {CORRELATION:g} over at least {OVERLAP:.0%} of it, no block off by more than {LOCAL_DIFFERENCE:g} "
    f"grey levels, and the neighbourhoods of at least {AGREE:.0%} of its textured pixels alike"
)


def lines(audit: Audit, found: list[Headline]) -> list[str]:
    """The findings in sentences, for the terminal and as the page's summary."""
    of, n = audit.of, audit.counts()
    said = [f"{of.heading}:{of.subset}: {count_of(n['images'], 'image')}, {_labels(audit, n)}"]
    groups = f" in {count_of(n['identical_groups'], 'group')}" if n["identical_groups"] else ""
    said.append(f"byte-identical: {_pairs(audit, audit.identical)}{groups}")
    said.append(f"near-identical: {_pairs(audit, audit.near)}")
    if audit.mislabels_by:
        said.append(f"likely mislabelled, by {audit.mislabels_by}: {count_of(n['likely_mislabels'], 'image')}")
    elif of.labelled:
        said.append("likely mislabels: not looked for; name a method whose encoder fits these images with -m METHOD")
    else:
        said.append("likely mislabels: not looked for, for these images have no labels")
    if n["unreadable"]:
        first = one_line(next(iter(audit.prints.unreadable.values())), REASON)
        said.append(f"unreadable: {count_of(n['unreadable'], 'image')} (first: {first})")
    if n["flat"]:
        every = n["flat"] + n["unreadable"] == n["images"]
        why = "only flat images, so near copies cannot be told" if every else "no near copies of them are looked for"
        said.append(f"flat: {count_of(n['flat'], 'image')}: {why}")
    said += [f"ignored: {phrase}" for phrase in of.passed_over()]
    if audit.changed:
        said.append("files changed while they were read: run it again")
    return [*(printable(line) for line in said), *map(_headline, found[:_SHOWN_METHODS])]


_SHOWN_METHODS = 5


def _labels(audit: Audit, n: dict[str, int]) -> str:
    if not audit.of.labelled:
        return "without labels: nothing across labels" if n["labels"] < 2 else ""
    alone = f", {n['labels_with_one_image']:,} with a single image" if n["labels_with_one_image"] else ""
    return f"{n['labels']:,} labels of {n['smallest_label']:,} to {count_of(n['largest_label'], 'image')}{alone}"


def _pairs(audit: Audit, pairs: np.ndarray) -> str:
    if not len(pairs):
        return "no pair"
    split, labels = audit.crossing_split(pairs).sum(), audit.crossing_labels(pairs).sum()
    return f"{count_of(len(pairs), 'pair')}, {split:,} across query and gallery, {labels:,} across labels"


def _headline(line: Headline) -> str:
    queries = f"; {count_of(line.lost_queries, 'query', 'queries')} without another match" if line.lost_queries else ""
    if line.undecided:
        queries += f"; {count_of(line.undecided, 'query', 'queries')} left out that the stored results do not decide"
    doubtful = f", {line.without_mislabels:.3f} without likely mislabels" if line.without_mislabels is not None else ""
    where = "stored" if line.stored else "run now"
    if line.sample:
        where += f", {line.sample[0]:,} of {line.sample[1]:,} queries"
    every, identical, near = map(_share, (line.with_leaks, line.without_identical, line.without_near))
    return (
        f"hit@1 of {line.method} ({where}): {every} with all, {identical} without identical copies, {near} without "
        f"near-identical ones{doubtful}{queries}"
    )


def _share(value: float | None) -> str:
    return "no query left" if value is None else f"{value:.3f}"


def write_audit(audit: Audit, found: list[Headline], out: Path) -> list[Path]:
    """`audit/NAME-SUBSET.md`, `.json` and `.csv` below `out`."""
    page, record, table = _paths(audit.of, out)
    rows, said = audit.rows(), lines(audit, found)
    page.parent.mkdir(parents=True, exist_ok=True)
    write_text(page, _page(audit, rows, said))
    labels, sizes = np.unique(audit.of.labels, return_counts=True)
    write_json(
        record,
        {
            "dataset": audit.of.name,
            "title": audit.of.heading,
            "subset": audit.of.subset,
            "counts": audit.counts(),
            "rule": RULE,
            "headlines": [asdict(line) for line in found],
            "findings": rows,
            "ignored": audit.of.passed_over(),
            "label_sizes": dict(zip(labels.tolist(), sizes.tolist(), strict=True)),
            "changed_while_read": audit.changed,
        },
    )
    write_csv(table, pd.DataFrame(rows, columns=list(_COLUMNS)))
    return [page, record, table]


def _page(audit: Audit, rows: list[AuditRow], said: list[str]) -> str:
    head = [f"{_TITLE}{markdown(audit.of.heading)}:{audit.of.subset}", ""]
    head += [f"- {markdown(line)}" for line in said] + ["", f"{RULE[0].upper()}{RULE[1:]}.", ""]
    if not rows:
        return "\n".join([*head, "Nothing was found.", ""])
    head += [
        "| finding | image | label | other image | its label | across | correlation |",
        "|---|---|---|---|---|---|--:|",
    ]
    body = [_line(row) for row in sorted(rows, key=_importance)[:_LISTED]]
    more = len(rows) - len(body)
    tail = ["", f"And {more:,} more, in the CSV file."] if more else []
    return "\n".join([*head, *body, *tail, ""])


def _importance(row: AuditRow) -> tuple[bool, bool]:
    return not row.get("across_query_and_gallery"), not row.get("across_labels")


def _line(row: AuditRow) -> str:
    crossed = {"query and gallery": row.get("across_query_and_gallery"), "labels": row.get("across_labels")}
    across = ", ".join(name for name, crosses in crossed.items() if crosses) or markdown(row.get("detail", ""))
    other = code(row["other_image"]) if row.get("other_image") else ""
    value = f"{row['correlation']:.3f}" if "correlation" in row else ""
    cells = [row["finding"], code(row["image"]), markdown(row["label"]), other, markdown(row.get("other_label", ""))]
    return f"| {' | '.join([*cells, across, value])} |"


def require_writable(of: Audited, out: Path) -> None:
    """Raise DataError where files would lie in the folder that is audited, NamedFileError where they replace others."""
    root = getattr(of.dataset, "root", None)
    if root is not None:
        require_outside(out, Path(root))
    for path, form in zip(_paths(of, out), _FORMS, strict=True):
        require_free(path, "--out: its", form)


def _paths(of: Audited, out: Path) -> list[Path]:
    """Page, record and table of an audit."""
    name = f"{file_stem(of.name)}-{of.subset}"
    return [out / "audit" / f"{name}{form.suffixes[0]}" for form in _FORMS]
