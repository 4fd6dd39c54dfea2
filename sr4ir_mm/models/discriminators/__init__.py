"""Discriminators: the real/fake branch that makes one of any task network, and one of images.

Imported by the wrapper model; imports adapters.
"""

from sr4ir_mm.models.discriminators.build import build_discriminator, takes_features
from sr4ir_mm.models.discriminators.image import ImageDiscriminator
from sr4ir_mm.models.discriminators.real_fake import RealFakeBranch

__all__ = ['ImageDiscriminator', 'RealFakeBranch', 'build_discriminator', 'takes_features']
