"""A mapping held against the canonical model and its wire schema: a tree of places, or every mistake at once."""
