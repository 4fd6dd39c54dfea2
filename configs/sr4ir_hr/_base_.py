# Ablation: SR4IR whose task network sees HR images alone, and SR images only when it is tested.
_base_ = '../sr4ir/_base_.py'
model = dict(
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0), tdp=dict(weight=1.0, begin=0.1)),
        dict(type='sr4ir_mm.TaskPhase', images=dict(hr=1.0)),
    ],
)
