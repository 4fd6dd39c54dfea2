"""Discriminators: the real/fake branch that makes one of any task network.

Imported by the wrapper model; imports adapters.
"""

from sr4ir_mm.models.discriminators.build import build_discriminator
from sr4ir_mm.models.discriminators.real_fake import RealFakeBranch

__all__ = ['RealFakeBranch', 'build_discriminator']
