# Ablation: SR4IR's losses in one backward pass through both networks, which collapses in the paper.
_base_ = '../sr4ir/_base_.py'
model = dict(
    phases=[
        dict(
            type='sr4ir_mm.JointPhase',
            images=dict(sr=0.34, hr=0.34, cqmix=0.34),
            pixel=dict(weight=1.0),
            tdp=dict(weight=1.0, begin=0.1),
        )
    ],
)
