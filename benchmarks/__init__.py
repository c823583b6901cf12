"""The harness: plan, run cells, store, score, report, compare."""
