"""SR4IR for OpenMMLab: super-resolution in front of recognition, trained together."""

from sr4ir_mm import registry
from sr4ir_mm.version import __version__

__all__ = ['__version__', 'registry']
