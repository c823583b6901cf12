"""Edits that make a copy of a picture: what people do to pictures that they pass on, several at once, from a seed.

`catalogue` names the edits with the ranges of their parameters, `recipe` draws which of them a copy gets, `copies`
makes the images. `datasets.distortions` is the fixed set of ten single changes of the robustness task.
"""
