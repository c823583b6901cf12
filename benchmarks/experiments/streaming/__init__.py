"""Galleries larger than memory: embedded shard by shard onto disk, and searched there."""
