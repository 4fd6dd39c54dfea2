"""Helpers of the tools and of the package itself; nothing here imports torch at import time."""

from sr4ir_mm.utils.errors import UserError

__all__ = ['UserError']
