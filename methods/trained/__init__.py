"""Methods whose network is trained on the gallery's labels first."""
