"""Equality with the reference training loop, on recorded figures."""
