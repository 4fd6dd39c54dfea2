# EDSR baseline. rgb_std makes mmagic's network compute in the 0..255 range of the official weights.
sr_net = dict(
    type='mmagic.EDSRNet',
    in_channels=3,
    out_channels=3,
    mid_channels=64,
    num_blocks=16,
    upscale_factor=8,
    rgb_mean=[0.4488, 0.4371, 0.4040],
    rgb_std=[1 / 255, 1 / 255, 1 / 255],
)
sr_weights = 'checkpoints/edsr_baseline_x8_mmagic.pth'
