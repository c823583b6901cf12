"""Maps between encoder and index, fitted on the gallery only."""
