"""One cell over several workers: its gallery extracted and searched in shards, its answer that of one process."""
