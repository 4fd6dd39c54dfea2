# Narrow, for the CPU.
sr_net = dict(
    type='sr4ir_mm.SharedDecoderNet', scale=4, num_classes=4, mid_channels=32, num_blocks=4
)
