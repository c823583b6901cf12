"""Searching a gallery for one picture: what a person does with a method."""
