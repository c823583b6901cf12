"""Writes every page of what is stored; publishes one run's tables, README's part and quoted figures."""
