"""Why a method took one image for a hit of another: a picture and a text for people."""

from benchmarks.reporting.explain.explanation import Explanation, Neighbour, explain

__all__ = ["Explanation", "Neighbour", "explain"]
