"""Vectors for texts, from a sentence-transformers model on this machine."""
