# S+T: both networks at once, one backward pass.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict(weight=1.0))],
    test_cfg=dict(image='sr'),
)
