"""Frozen networks kept beside the index, so that a search starts without building them.

To import TensorFlow and build a network takes longer than all the rest of a search. A network is kept as an OpenVINO
model after it has encoded its first gallery, and only where its rows are those of plain Keras.
"""
