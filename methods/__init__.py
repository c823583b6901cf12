"""The contestants: encoders, indexes, whole methods, and the catalogue that names them."""
