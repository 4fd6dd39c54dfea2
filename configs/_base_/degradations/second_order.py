# A second-order degradation after Real-ESRGAN: blur, resize, noise and JPEG twice over, the second time weaker. Its
# sinc filters and kernels that are no Gaussians are left out.
noise = dict(
    type='sr4ir_mm.OneOf',
    steps=[
        dict(type='sr4ir_mm.GaussianNoise', sigma=(1, 30), grey=0.4),
        dict(type='sr4ir_mm.PoissonNoise', strength=(0.05, 3.0), grey=0.4),
    ],
)
weaker_noise = dict(
    type='sr4ir_mm.OneOf',
    steps=[
        dict(type='sr4ir_mm.GaussianNoise', sigma=(1, 25), grey=0.4),
        dict(type='sr4ir_mm.PoissonNoise', strength=(0.05, 2.5), grey=0.4),
    ],
)
modes = ['area', 'bilinear', 'bicubic']
degradation = dict(
    type='sr4ir_mm.DegradationChain',
    steps=[
        dict(type='sr4ir_mm.GaussianBlur', sigma=(0.2, 3.0), anisotropic=0.4),
        dict(type='sr4ir_mm.Resize', factor=(0.15, 1.5), modes=modes),
        noise,
        dict(type='sr4ir_mm.JPEG', quality=(30, 95)),
        dict(type='sr4ir_mm.GaussianBlur', sigma=(0.2, 1.5), anisotropic=0.4, prob=0.8),
        dict(type='sr4ir_mm.Resize', factor=(0.3, 1.2), modes=modes),
        weaker_noise,
        dict(type='sr4ir_mm.JPEG', quality=(30, 95)),
    ],
)
