_base_ = './swinir_x4.py'
sr_net = dict(upscale=8)
sr_weights = 'checkpoints/swinir_classical_x8_mmagic.pth'
weights_help = {
    '_delete_': True,
    'swinir_classical_x8': 'download 001_classicalSR_DIV2K_s48w8_SwinIR-M_x8.pth from '
    'https://github.com/JingyunLiang/SwinIR/releases and convert it with '
    'tools/model_converters/convert.py sr-net (docs/prepare_data.md)',
    'work_dirs/': 'train it first with the config of that name in configs/sr (SR net) or configs/h2t (task net)',
}
