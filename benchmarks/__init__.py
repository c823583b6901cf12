"""Part of reverse-image-search-benchmark: plan, run cells, store, score, report, compare."""
