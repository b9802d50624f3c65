"""YAML text to values: mapping files, code tables and tables of questions, every mistake with its position."""
