"""Training a network on a gallery's labels: the same weights every time, kept by content, taken up where it stopped."""
