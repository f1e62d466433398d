"""The first-party checks, one module per family of errors; each is a plugin of its own."""
