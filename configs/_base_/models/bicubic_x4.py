# PIL's bicubic upsampling in the place of an SR network.
sr_net = dict(type='sr4ir_mm.PreUpsample', net=None, scale=4, mode='bicubic', antialias=True)
