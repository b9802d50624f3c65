"""The workers that carry messages along the line, from `received` to their receipts."""
