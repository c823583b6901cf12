"""`report`: metrics and tables again from stored rankings, no model needed."""

from pathlib import Path

from benchmarks.cli import options


def report(out: options.OutDir = Path("results"), plugins: options.Plugins = None) -> None:
    """Write the tables again from what is stored."""
    from rich.console import Console

    from benchmarks.store import Store
    from benchmarks.tables.write import write_tables
    from methods.registry import load_registry

    written = write_tables(Store(out), load_registry(plugins or ()), out)
    Console().print(
        f"{len(written)} tables in {out}" if written else f"nothing stored in {out} yet: run something first"
    )
