"""Everything with effects: network, store, keys, clock, log."""
