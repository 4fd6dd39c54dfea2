"""Parts of the paper's task networks that the OpenMMLab libraries lack; each needs its own library only.

Imported by models; used through the registry alone. What imports a task library does so when it is asked for.
"""

from typing import Any

from sr4ir_mm.models.task_nets.mobilenet_v3 import TorchvisionMobileNetV3
from sr4ir_mm.models.task_nets.vgg import TorchvisionVGG
from sr4ir_mm.registry import import_late

__all__ = [
    'CropHead',
    'ScoreThresholdRPNHead',
    'TorchvisionAnchorGenerator',
    'TorchvisionDeepLabHead',
    'TorchvisionFCNHead',
    'TorchvisionMobileNetV3',
    'TorchvisionVGG',
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return import_late(name)
