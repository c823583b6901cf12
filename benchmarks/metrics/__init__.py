"""Ranking and verification metrics: expectations over random tie-breaks, vectorised over queries."""
