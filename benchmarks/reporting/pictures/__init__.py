"""What methods find, to look at: contact sheets of the same queries."""
