# S->T: the task network on images of a finished SR network.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(sr=1.0))],
    test_cfg=dict(image='sr'),
)
