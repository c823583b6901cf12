"""The command line: Typer commands, thin over the harness; heavy imports stay inside functions."""
