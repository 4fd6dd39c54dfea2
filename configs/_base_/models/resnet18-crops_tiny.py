# SOD-MTGAN's own training, on crops of a baseline detector's boxes: the discriminator has scores of the classes and of
# background, box offsets and, as model.discriminator, the real/fake score. Adversarial 0.001, task 0.01, pixel (mean
# squared error) 1.0. Reconstructed: the networks, pixels alone for the first 30 % as the generator's pre-training, and
# the discriminator's own weights, which keep the proportion of the generator's.
_base_ = './resnet18_tiny.py'
num_classes = 4
task_net = dict(
    data_preprocessor=dict(num_classes=num_classes),
    head=dict(type='sr4ir_mm.CropHead', num_classes=num_classes),
)
phases = [
    dict(
        type='sr4ir_mm.SRPhase',
        pixel=dict(weight=1.0, criterion='mse'),
        task=dict(weight=0.01, begin=0.3),
        adversarial=dict(weight=0.001, begin=0.3),
    ),
    dict(
        type='sr4ir_mm.AdversarialTaskPhase',
        images=dict(sr=0.5, hr=0.5),
        adversarial=dict(weight=0.05),
    ),
]
