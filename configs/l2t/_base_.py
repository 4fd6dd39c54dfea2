# L->T: the task network on bilinearly upsampled LR images.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(up=1.0))],
    test_cfg=dict(image='up'),
)
