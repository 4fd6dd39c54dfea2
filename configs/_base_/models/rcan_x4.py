# RCAN with ten groups of twenty blocks.
sr_net = dict(type='sr4ir_mm.RCANNet', scale=4)
sr_weights = 'checkpoints/rcan_x4.pth'
weights_help = {
    'rcan_x4': 'take RCAN_BIX4.pt of https://github.com/yulunzhang/RCAN and convert it with '
    'tools/model_converters/convert.py sr-net (docs/prepare_data.md)'
}
