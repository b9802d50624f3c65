"""Swedish messages: what RIV-TA's certificates have beyond any other XML."""
