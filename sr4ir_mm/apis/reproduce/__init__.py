"""The tables of the papers: read from ``configs/tables``, run by the scheduler, rendered with the papers' values.

Imported by ``tools/reproduce.py`` and the smoke runs of ``testing``.
"""
