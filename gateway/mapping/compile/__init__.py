"""A checked tree as readable Python source that reads or writes one wire format, and the program it makes."""
