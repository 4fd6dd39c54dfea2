# A narrow EDSR for the CPU, and where its training on the images of all sets leaves it.
_base_ = '../../../../configs/_base_/models/edsr-tiny_x4.py'
sr_net = dict(num_blocks=8, upscale_factor=4)
sr_init = 'work_dirs/init_sr-net_x4_all/epoch_16.pth'
