"""Engines: other ways to run the networks of an encoder, faster than plain Keras, put in from outside."""
