"""The frame that every measuring command runs in: what is measured, in processes of their own, stored and resumed."""
