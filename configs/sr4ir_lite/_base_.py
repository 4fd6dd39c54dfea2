# SR4IR for a fraction of its cost: the task network sees each image as one kind, drawn by the weights, instead of as
# all three; the SR network, whose TDP loss passes the task network twice more, learns in the second half of training,
# when the task network has something to teach, and in every second iteration.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=1.0),
            tdp=dict(weight=1.0),
            begin=0.5,
            every=2,
        ),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.34, hr=0.34, cqmix=0.34), draw='sample'),
    ],
)
