# Gaussian blur, then bicubic, as in the supplement of SR4IR (S5). The paper's text at hand names no kernel: 21 px and a
# standard deviation of 0.2 to 4 px in each image are the usual isotropic setting of blind x4 SR.
degradation = dict(
    type='sr4ir_mm.DegradationChain',
    steps=[dict(type='sr4ir_mm.GaussianBlur', kernel_size=21, sigma=(0.2, 4.0))],
)
