# Ablation: TDP features come from VGG19 trained on ImageNet, conv5_4 before its ReLU (the paper's layer is not known).
_base_ = '../sr4ir/_base_.py'
model = dict(
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=1.0),
            tdp=dict(weight=1.0, begin=0.1, layers=['backbone.-1']),
        ),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.34, hr=0.34, cqmix=0.34)),
    ],
    extractor=dict(
        _scope_='mmpretrain',
        type='ImageClassifier',
        backbone=dict(
            type='sr4ir_mm.TorchvisionVGG',
            depth=19,
            out_indices=(34,),
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://download.pytorch.org/models/vgg19-dcbb9e9d.pth',
            ),
        ),
    ),
)
