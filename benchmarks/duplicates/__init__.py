"""Exact, near and edited copies within one folder: found, verified pixel by pixel, grouped, and never touched."""
