"""Tests of sr4ir_mm; their folders mirror the package."""
