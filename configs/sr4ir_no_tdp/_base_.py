# Ablation, the ladder's first rung: alternate training on SR and HR images, without TDP loss and CQMix.
_base_ = '../sr4ir/_base_.py'
model = dict(
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0)),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.5, hr=0.5)),
    ],
)
