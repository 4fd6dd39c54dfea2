"""SR networks: mmagic's through its registry, imported only when a config names one."""

from sr4ir_mm.models.sr_nets.build import build_sr_net, check_scale

__all__ = ['build_sr_net', 'check_scale']
