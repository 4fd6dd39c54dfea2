"""SR4IR for OpenMMLab: super-resolution in front of recognition, trained together.

Importing it costs nothing: registries know where their modules are and import them when asked.
"""

from sr4ir_mm import registry
from sr4ir_mm.version import __version__

__all__ = ['__version__', 'registry']
