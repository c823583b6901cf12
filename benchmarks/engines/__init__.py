"""Which engine may stand in for plain Keras: proofs against it, the choice for a cell, measurements side by side."""
