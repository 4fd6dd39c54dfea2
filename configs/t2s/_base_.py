# T->S: the SR network on pixels and on the losses of a finished task network, which stays in eval mode.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0), task=1.0)],
    test_cfg=dict(image='sr'),
)
