"""The pure core: names, states, decisions, ports and errors. No input, output, clock or randomness."""
