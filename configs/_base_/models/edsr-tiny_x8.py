# A narrow EDSR for the CPU, deeper than the one for x4.
_base_ = './edsr-tiny_x4.py'
sr_net = dict(num_blocks=8, upscale_factor=8)
