# Shared-decoder multitask SR (Rad et al.), reconstructed from its abstract, which states no layer, loss weight or
# schedule: one network super-resolves and segments, and what it learns of classes is to serve the SR image. Step 1:
# pixels and segmentation; step 2, after about a third: also VGG19 features and a discriminator. All numbers are
# guesses.
model = dict(
    type='sr4ir_mm.TaskDrivenSR',
    channels_last=True,
    discriminator=dict(type='sr4ir_mm.ImageDiscriminator'),
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=1.0),
            segmentation=dict(weight=0.1),
            perceptual=dict(weight=0.006, begin=0.3),
            adversarial=dict(weight=0.001, begin=0.3),
        ),
        dict(type='sr4ir_mm.DiscriminatorPhase', begin=0.3),
    ],
    test_cfg=dict(image='sr', predict_task=False),
)
