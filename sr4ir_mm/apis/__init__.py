"""What scripts and users call: methods, wrapping of zoo configs, runs, inference.

Imported by tools, demos and projects; no other room of the package may import it.
"""
