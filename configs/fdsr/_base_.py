# FDSR: the SR network on pixels and on the features of a finished detector that no one trains and that need not be the
# one in front of which it is used. Features are compared by their mean squared error, as the paper calls it; what it
# prints is criterion='frobenius'.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=0.5),
            tdp=dict(weight=1.0, criterion='mse'),
        )
    ],
    test_cfg=dict(image='sr'),
)
