"""What is stored, made readable: tables, pages, pictures, claims and explanations. No model is needed."""
