"""`python -m benchmarks`, and the commands `ris` and `reverse-image-search-benchmark`."""

import sys
from typing import NoReturn

from benchmarks.system.leaving import INTERRUPTED, heed_signals, leave
from benchmarks.system.own_packages import CollisionError, require_own_packages


def main() -> NoReturn:
    """Run the command line and end the process; where another package has the name of one of ours, with one line."""
    code: object = 0
    try:
        heed_signals()
        _run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as end:
        code = end.code
    leave(code)


def _run() -> None:
    try:
        require_own_packages()
    except CollisionError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    from benchmarks.system.failing import ending_in_one_line, open_streams

    open_streams()
    with ending_in_one_line():
        from benchmarks.cli.app import main as command_line

        command_line()


if __name__ == "__main__":
    main()
