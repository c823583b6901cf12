"""`python -m tests.fuzz` (see fuzzing.py, which the processes that read can import: this file they could not)."""

import sys

from tests.fuzz.fuzzing import main

if __name__ == "__main__":
    sys.exit(main())
