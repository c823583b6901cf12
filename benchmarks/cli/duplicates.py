"""`duplicates`: groups of exact, near and edited copies in a folder of pictures, for a person to review."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from benchmarks.cli.search import IndexDir, progress
from datasets.errors import BenchmarkError

LEAST_RATE, MOST_RATE = 0.0001, 0.01
"""Beyond them there is nothing to learn a threshold from."""


def duplicates(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures; it is only read.")],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            "-m",
            help="copies (hashes and local features, verified pixel by pixel), or the id of any encoder with an index.",
        ),
    ] = "copies",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Least score of copies; learned unless given."),
    ] = None,
    rate: Annotated[
        float,
        typer.Option(
            "--false-merge-rate",
            help=f"Of pictures most alike that are no copies, the share to be merged: {LEAST_RATE} to {MOST_RATE}.",
        ),
    ] = 0.001,
    as_json: Annotated[bool, typer.Option("--json", help="Print the groups as JSON.")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the groups to this .csv file.")] = None,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write a page to review them on to this .html file.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            "--evaluate", help="A CSV of known pairs (one,other[,copy]): print precision and recall over thresholds."
        ),
    ] = None,
    index_dir: IndexDir = None,
    weights_dir: options.WeightsDir = None,
    plugins: options.Plugins = None,
) -> None:
    """Find exact, near and edited copies in a folder; suggests which to keep, and deletes nothing."""
    import json

    from benchmarks.duplicates.evaluation import evaluate, read_pairs
    from benchmarks.duplicates.finding import find_copies
    from benchmarks.duplicates.written import (
        GROUPS,
        print_finding,
        print_quality,
        quality_to_json,
        to_json,
        write_groups,
    )
    from benchmarks.search.opening import default_index_dir
    from benchmarks.search.searcher import Places
    from benchmarks.system.named_files import PAGE, require_free
    from benchmarks.system.terminal import Console

    if not LEAST_RATE <= rate <= MOST_RATE:
        raise BenchmarkError(f"--false-merge-rate {rate:g}: choose one from {LEAST_RATE} to {MOST_RATE}")
    for path, option, form in ((csv_file, "--csv", GROUPS), (page, "--html", PAGE)):
        if path is not None:
            require_free(path, option, form, [folder])
    if pairs is not None and not pairs.is_file():
        raise BenchmarkError(
            f"--evaluate {pairs}: there is no such file; write a CSV with the columns one,other[,copy]"
        )
    console = Console()
    places = Places(index_dir or default_index_dir(), weights_dir)
    with progress(Console(stderr=True), quiet=as_json) as advance:
        finding = find_copies(folder, method, places, threshold, rate, plugins or (), advance)
        document = to_json(finding)
        if csv_file is not None:
            write_groups(csv_file, finding)
        if page is not None:
            from benchmarks.duplicates.page import write_page

            write_page(page, finding, advance)
    judged = None
    if pairs is not None:
        judged = evaluate(finding, read_pairs(pairs, frozenset(finding.names.values())))
        document["evaluation"] = quality_to_json(*judged)
    if as_json:
        print(json.dumps(document, indent=1))
        return
    print_finding(console, finding, [path for path in (csv_file, page) if path is not None])
    if judged is not None:
        print_quality(console, *judged)
