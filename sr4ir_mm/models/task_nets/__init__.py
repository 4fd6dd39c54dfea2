"""Parts of the paper's task networks that the OpenMMLab libraries lack; each needs its own library only.

Imported by models; used through the registry alone.
"""

from importlib.util import find_spec

from sr4ir_mm.models.task_nets.mobilenet_v3 import TorchvisionMobileNetV3
from sr4ir_mm.models.task_nets.vgg import TorchvisionVGG

__all__ = ['TorchvisionMobileNetV3', 'TorchvisionVGG']

if find_spec('mmdet') is not None:
    from sr4ir_mm.models.task_nets.rpn import ScoreThresholdRPNHead, TorchvisionAnchorGenerator

    __all__ += ['ScoreThresholdRPNHead', 'TorchvisionAnchorGenerator']

if find_spec('mmseg') is not None:
    from sr4ir_mm.models.task_nets.deeplab_head import TorchvisionDeepLabHead, TorchvisionFCNHead

    __all__ += ['TorchvisionDeepLabHead', 'TorchvisionFCNHead']

if find_spec('mmpretrain') is not None:
    from sr4ir_mm.models.task_nets.crop_head import CropHead

    __all__ += ['CropHead']
