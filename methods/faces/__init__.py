"""Finding the face that an image is about: detection, choice, cropping."""
