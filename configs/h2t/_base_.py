# H->T: the task network on HR images, the upper mark.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(hr=1.0))],
    test_cfg=dict(image='hr'),
)
