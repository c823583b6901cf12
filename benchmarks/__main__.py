"""`python -m benchmarks`, and the commands `ris` and `reverse-image-search-benchmark`."""

import sys

from benchmarks.system.own_packages import CollisionError, require_own_packages


def main() -> None:
    """Run the command line; where another package has the name of one of ours, one line and exit code 2."""
    try:
        require_own_packages()
    except CollisionError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    from benchmarks.system.failing import end_threads, ending_in_one_line, open_streams

    open_streams()
    try:
        with ending_in_one_line():
            from benchmarks.cli.app import main as command_line

            command_line()
    except SystemExit as end:
        end_threads(end.code)
        raise


if __name__ == "__main__":
    main()
