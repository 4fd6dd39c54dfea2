# A narrow EDSR for the CPU.
_base_ = '../../../../configs/_base_/models/edsr-tiny_x4.py'
sr_net = dict(num_blocks=8, upscale_factor=8)
