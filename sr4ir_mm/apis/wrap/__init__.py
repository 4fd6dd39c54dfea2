"""Put an SR network in front of any config of mmdet, mmseg or mmpretrain, as a config that inherits from it.

``wrapping`` is what is asked for, ``zoo_configs`` reads what is wrapped; ``model``, ``training`` and ``evaluation`` are
parts of the ``text``; ``files`` keeps it from writing over the user's. Imported by tools, ``testing``; imports models
and the methods' configs.
"""

from sr4ir_mm.apis.wrap.evaluation import shrink_pipelines
from sr4ir_mm.apis.wrap.files import check_target, write_config
from sr4ir_mm.apis.wrap.text import wrap_config
from sr4ir_mm.apis.wrap.wrapping import Wrapping
from sr4ir_mm.apis.wrap.zoo_configs import library_of, load_zoo_config

__all__ = [
    'Wrapping',
    'check_target',
    'library_of',
    'load_zoo_config',
    'shrink_pipelines',
    'wrap_config',
    'write_config',
]
