"""What the source reports claim, and what their figures are under the shared protocol."""
