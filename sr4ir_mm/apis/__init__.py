"""High-level interfaces: wrapping of configs, inference."""
