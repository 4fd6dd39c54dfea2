# Ablation: SR4IR without the TDP loss; the SR network learns from pixels alone.
_base_ = '../../../../../configs/sr4ir/_base_.py'
model = dict(
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0)),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.34, hr=0.34, cqmix=0.34)),
    ]
)
