# What a minute of training buys most, on held-out images of three tasks: a third of it goes into the SR network, whose
# images learn to look right to a task network that is trained on HR images and stands still (FDSR's squared distance of
# features beside half of the pixels' loss), the rest into the task network on these SR images.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=0.5),
            tdp=dict(weight=1.0, criterion='mse'),
            end=0.33,
        ),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=1.0), begin=0.33),
    ],
)
_span = dict(type='sr4ir_mm.SpanCosineLR', eta_min=1e-5, by_epoch=True, convert_to_iter_based=True)
sr_schedule_plus = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=25),
    dict(_span, span=(0.0, 0.33)),
]
task_schedule_plus = [dict(_span, span=(0.33, 1.0))]
