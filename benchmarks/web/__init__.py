"""Searching in a browser: a page of this machine, for this machine."""
