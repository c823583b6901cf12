"""`audit`: copies across queries and gallery or labels, likely mislabels, and what they do to hit@1."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options


def audit(
    dataset: Annotated[
        str,
        typer.Argument(help="A folder of images, with label folders or without, or a data set[:SUBSET]."),
    ],
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            "-m",
            help="A method whose encoder is asked for likely mislabels; none: do not look. Unless given, a network for "
            "such images whose weights are here, for up to 5,000 images.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of sentences.")] = False,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
) -> None:
    """Find leaks in a data set: copies, likely mislabels, unreadable files, and hit@1 without them.

    Images are only read. The findings are written to OUT/audit as a page, JSON and CSV.
    """
    from benchmarks.audit.findings import look
    from benchmarks.audit.headline import headlines
    from benchmarks.audit.images import open_audited
    from benchmarks.audit.mislabels import usual_method, with_mislabels
    from benchmarks.audit.write import lines, require_writable, write_audit
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.store import Store
    from benchmarks.system.terminal import Console
    from methods.onnx_check import require_sound

    registry = load_plugins(plugins or ())
    if method and method != "none":
        require_sound(registry.get(method))
    store = Store(out)
    of = open_audited(dataset, data_dir, store.drawings)
    require_writable(of, out)
    with Console(stderr=True).status("reading") as spinner:
        found = look(of, spinner.update)
        method = method or usual_method(found, registry, weights_dir)
        if method and method != "none":
            spinner.update(f"encoding with {method}")
            found = with_mislabels(found, method, registry, weights_dir)
        spinner.update("judging hit@1")
        scored = headlines(found, store, registry)
    written = write_audit(found, scored, out)
    if as_json:
        typer.echo(written[1].read_text(encoding="utf-8"), nl=False)
        return
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for line in lines(found, scored):
        console.print(line)
    console.print(f"all findings: {', '.join(map(str, written))}")
