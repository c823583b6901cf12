"""`check` and `doctor`: looking without measuring."""

from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

_RUNS = {"yes": "can run", "untrained": "can run untrained (no weights)", "no": "cannot run ({reason})"}


def check(
    method: Annotated[str, typer.Argument(help="The method's id.")],
    weights_dir: options.WeightsDir = None,
    plugins: options.Plugins = None,
) -> None:
    """Hold a method against the contract: shapes, determinism, batch independence, no peeking at labels."""
    from benchmarks.core.conformance import NAMES, check_apart
    from benchmarks.system.terminal import Console
    from methods.onnx_check import require_sound
    from methods.registry import load_registry

    contract = require_sound(load_registry(plugins or ()).get(method))
    console = Console()
    findings = check_apart(method, weights_dir, plugins or ())
    if contract:
        console.print(f"contract: {contract}", markup=False, highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"fails {finding.check}: {finding.problem}", markup=False, soft_wrap=True)
    passed = f"conforms ({count_of(len(NAMES), 'check')}: {', '.join(NAMES)})"
    verdict = count_of(len(findings), "finding") if findings else passed
    console.print(f"{method}: {verdict}", highlight=False, markup=False, soft_wrap=True)
    if findings:
        raise typer.Exit(1)


def doctor(
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    plugins: options.Plugins = None,
) -> None:
    """What this machine is and what it can run."""
    from rich.markup import escape
    from rich.table import Table

    from benchmarks.core import inventory
    from benchmarks.system.provenance import provenance
    from benchmarks.system.terminal import Console
    from methods.weights import WEIGHTS, find_weights

    console = Console()
    facts = provenance()
    machine = facts["machine"]
    gpu = machine["gpu"] or "no GPU used by this version"
    cores = count_of(machine["cores"], "core")
    console.print(f"{machine['cpu']}, {cores}, {machine['memory_gib']} GiB, {gpu}; {machine['system']}", markup=False)
    console.print(", ".join(f"{name} {version}" for name, version in facts["packages"].items()), markup=False)
    data = Table("data set", "here", "images", title="data sets", title_justify="left")
    for row in inventory.datasets(data_dir):
        data.add_row(escape(row["id"]), escape(row["here"]), f"{row['images']:,}" if row["images"] else "")
    console.print(data)
    files = Table(title="weights", title_justify="left")
    files.add_column("weights", no_wrap=True, overflow="fold")
    for name in ("found", "network"):
        files.add_column(name, overflow="fold")
    for name, entry in WEIGHTS.items():
        found = find_weights(name, weights_dir)
        files.add_row(name, escape(str(found.path)) if found else f"no: `fetch {name}`", entry.network)
    console.print(files)
    methods: dict[str, list[str]] = {}
    for each in sorted(
        inventory.methods(weights_dir, plugins or ()), key=lambda each: [*_RUNS].index(each["runs_here"])
    ):
        methods.setdefault(_RUNS[each["runs_here"]].format(reason=each["reason"]), []).append(each["id"])
    for said, ids in methods.items():
        console.print(f"{count_of(len(ids), 'method')} {said}: {', '.join(ids)}", markup=False, soft_wrap=True)
