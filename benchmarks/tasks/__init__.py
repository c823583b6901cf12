"""What is asked of a method in a cell: one module a task."""
