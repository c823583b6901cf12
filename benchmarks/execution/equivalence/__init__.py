"""Whether an engine gives what plain Keras gives, checked before any cell runs on it, and kept."""
