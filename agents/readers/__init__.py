"""Readers: outside text in, strict structure out, every value with the words it came from."""
