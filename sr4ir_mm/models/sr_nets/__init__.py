"""SR networks: builder, defaults, and nets that mmagic lacks.

Imported by the wrapper model and apis.
"""

from sr4ir_mm.models.sr_nets.build import build_sr_net, check_scale
from sr4ir_mm.models.sr_nets.dbpn import DBPNNet
from sr4ir_mm.models.sr_nets.defaults import SR_NETS, default_sr_net
from sr4ir_mm.models.sr_nets.pre_upsample import PaddedSR, PreUpsample
from sr4ir_mm.models.sr_nets.rcan import RCANNet
from sr4ir_mm.models.sr_nets.shared_decoder import SharedDecoderNet
from sr4ir_mm.models.sr_nets.sub_pixel import SubPixelNet

__all__ = [
    'SR_NETS',
    'DBPNNet',
    'PaddedSR',
    'PreUpsample',
    'RCANNet',
    'SharedDecoderNet',
    'SubPixelNet',
    'build_sr_net',
    'check_scale',
    'default_sr_net',
]
