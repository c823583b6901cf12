"""Comparison tables: one model, written as markdown and CSV."""
