"""What a task is, and which there are: all that the harness knows of tasks. The tasks themselves are in `tasks`."""
