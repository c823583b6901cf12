"""What a gallery of any size would cost, from what smaller ones did cost."""
