"""What is measured and stored: cells, plans, stores, tasks, and what of them still holds."""
