# SOD-MTGAN as the SR4IR paper runs it: the task network with one more linear layer, the real/fake branch, is the
# discriminator. Adversarial 0.001, task 1.0, pixel 1.0; the loop of SR4IR. Reconstructed (the paper does not say): the
# start after 10 % of training, the branch's place outside classification, and 0.5 for each image kind.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    discriminator=dict(type='sr4ir_mm.RealFakeBranch'),
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=1.0),
            task=dict(weight=1.0, begin=0.1),
            adversarial=dict(weight=0.001, begin=0.1),
        ),
        dict(
            type='sr4ir_mm.AdversarialTaskPhase',
            images=dict(sr=0.5, hr=0.5),
            adversarial=dict(weight=0.001),
        ),
    ],
)
