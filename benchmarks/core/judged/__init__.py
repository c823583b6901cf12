"""What a cell stores of answers too large to keep whole: all that its metrics, tables and pages need of them."""
