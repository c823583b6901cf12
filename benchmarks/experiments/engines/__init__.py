"""Plain Keras and the engines it can be run on, measured side by side; and what `--engine auto` stands for."""
