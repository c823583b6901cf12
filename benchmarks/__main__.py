"""`python -m benchmarks`."""

from benchmarks.cli.app import main

if __name__ == "__main__":
    main()
