"""The ground: images with identities, splits, downloads. Imports nothing of the other floors."""
