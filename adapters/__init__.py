"""Wire formats, one package a family; nothing here is imported but by `gateway.wiring`."""
