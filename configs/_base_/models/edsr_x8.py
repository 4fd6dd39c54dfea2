_base_ = './edsr_x4.py'
sr_net = dict(upscale_factor=8)
sr_weights = 'checkpoints/edsr_baseline_x8_mmagic.pth'
weights_help = {
    '_delete_': True,
    'edsr_baseline_x8': 'take edsr_baseline_x8.pt from the models of the SR4IR authors and convert it with '
    'tools/model_converters/convert.py sr-net, or start from scratch with --cfg-options '
    'model.init_from=None (docs/prepare_data.md)',
    'work_dirs/': 'train it first with the config of that name in configs/sr (SR net) or configs/h2t (task net)',
}
