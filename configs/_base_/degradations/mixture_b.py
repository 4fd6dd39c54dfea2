# EDTR's Mixture-B: blur of either kind, a resize by 1 to 1/16, noise, JPEG, and back (methods.md 6). EDTR works at full
# size, a model of scale 1; models of other scales get LR images of theirs.
degradation = dict(
    type='sr4ir_mm.DegradationChain',
    steps=[
        dict(type='sr4ir_mm.GaussianBlur', kernel_size=41, sigma=(0.1, 8.0), anisotropic=0.5),
        dict(type='sr4ir_mm.Resize', divisor=(1, 16), modes='bilinear'),
        dict(type='sr4ir_mm.GaussianNoise', sigma=(0, 10)),
        dict(type='sr4ir_mm.JPEG', quality=(50, 100)),
    ],
    mode='bilinear',
)
