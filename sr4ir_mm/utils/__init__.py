"""Small things without a place in the method: errors, configs, command lines, modules.

Imported by every room; imports nothing of the package but itself.
"""

from sr4ir_mm.utils.errors import UserError

__all__ = ['UserError']
