"""The regression gate: is a new run as good as the one before it, query by query?"""
