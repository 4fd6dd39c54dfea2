"""Weights in the names of torchvision and of the official SR networks, turned into OpenMMLab's names.

Imported by scripts and tests.
"""

from sr4ir_mm.utils.converters.checkpoint import join_networks, read_state, save_state
from sr4ir_mm.utils.converters.conversion import Conversion, find_conversion
from sr4ir_mm.utils.converters.sr_nets import DBPN, EDSR, RCAN, SR_NETS, SWINIR
from sr4ir_mm.utils.converters.task_nets import DEEPLABV3, FASTER_RCNN, RESNET, TASK_NETS

__all__ = [
    'DBPN',
    'DEEPLABV3',
    'EDSR',
    'FASTER_RCNN',
    'RCAN',
    'RESNET',
    'SR_NETS',
    'SWINIR',
    'TASK_NETS',
    'Conversion',
    'find_conversion',
    'join_networks',
    'read_state',
    'save_state',
]
