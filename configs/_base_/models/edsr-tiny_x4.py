# A narrow EDSR for the CPU.
sr_net = dict(
    type='mmagic.EDSRNet',
    in_channels=3,
    out_channels=3,
    mid_channels=32,
    num_blocks=4,
    upscale_factor=4,
    rgb_mean=[0.4488, 0.4371, 0.4040],
    rgb_std=[1.0, 1.0, 1.0],
)
