# One trunk with an SR and a segmentation output layer. num_classes=None leaves the latter out, in training or later.
sr_net = dict(type='sr4ir_mm.SharedDecoderNet', scale=4, num_classes=21)
