# EDSR baseline. rgb_std makes mmagic's network compute in the 0..255 range of the official weights.
sr_net = dict(
    type='mmagic.EDSRNet',
    in_channels=3,
    out_channels=3,
    mid_channels=64,
    num_blocks=16,
    upscale_factor=4,
    rgb_mean=[0.4488, 0.4371, 0.4040],
    rgb_std=[1 / 255, 1 / 255, 1 / 255],
)
sr_weights = 'checkpoints/edsr_baseline_x4_mmagic.pth'
weights_help = {
    'edsr_baseline_x4': 'download edsr_baseline_x4-6b446fab.pt from https://cv.snu.ac.kr/research/EDSR/models/ and '
    'convert it with tools/model_converters/convert.py sr-net (docs/prepare_data.md)',
    'work_dirs/': 'train it first with the config of that name in configs/sr (SR net) or configs/h2t (task net)',
}
