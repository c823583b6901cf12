"""Image encoders: images in, one vector or binary code each out."""
