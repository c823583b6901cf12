"""Indexes scored as indexes: what they keep of the exact answer, how fast, at what memory, over their settings."""
