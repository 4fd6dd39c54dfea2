# A finished SR network in front of a finished task network: nothing is trained. Methods that use this make LR images by
# the usual, antialiased bicubic.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    scale=4,
    phases=[],
    degradation=dict(antialias=True),
    test_cfg=dict(image='sr'),
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
