"""What stored rows hold: one definition for each kind. Mypy knows every use from it, and reading checks each file."""
