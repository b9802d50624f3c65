"""The disclosure log: appended to, kept as a tree, anchored, verified, watched, searched, read and exported."""
