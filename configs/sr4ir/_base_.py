# SR4IR: alternate training, TDP loss after 10 % of training, CQMix.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0), tdp=dict(weight=1.0, begin=0.1)),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.34, hr=0.34, cqmix=0.34)),
    ],
)
