# TDSR as the SR4IR paper runs it (TDSR-0.01): pixels alone for the first third of training, then also the losses of a
# finished task network, which stays in eval mode, times 0.01.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0), task=dict(weight=0.01, begin=1 / 3))
    ],
    test_cfg=dict(image='sr'),
)
