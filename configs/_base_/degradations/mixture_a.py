# EDTR's Mixture-A, for models of scale 8: bilinear as OpenCV's, then JPEG of quality 75 (methods.md 6).
degradation = dict(
    type='sr4ir_mm.DegradationChain',
    steps=[
        dict(type='sr4ir_mm.Resize', divisor=8, modes='bilinear'),
        dict(type='sr4ir_mm.JPEG', quality=75),
    ],
    mode='bilinear',
)
