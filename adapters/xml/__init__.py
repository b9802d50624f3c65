"""XML messages, whoever's: read with no trust in them, written so that their schema accepts them."""
