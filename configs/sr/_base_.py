# SR: the SR network alone, on pixels; the task network only lends its preprocessing.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0))],
    test_cfg=dict(image='sr', predict_task=False),
)
