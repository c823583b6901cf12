"""Answers to look at: on a terminal, as a picture, as a page."""
