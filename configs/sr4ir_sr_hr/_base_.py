# Ablation: SR4IR without CQMix; the task network sees SR and HR images.
_base_ = '../sr4ir/_base_.py'
model = dict(
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0), tdp=dict(weight=1.0, begin=0.1)),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.5, hr=0.5)),
    ],
)
