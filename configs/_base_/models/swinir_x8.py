# SwinIR-M, classical SR.
sr_net = dict(
    type='mmagic.SwinIRNet',
    upscale=8,
    in_chans=3,
    img_size=48,
    window_size=8,
    img_range=1.0,
    depths=[6, 6, 6, 6, 6, 6],
    embed_dim=180,
    num_heads=[6, 6, 6, 6, 6, 6],
    mlp_ratio=2,
    upsampler='pixelshuffle',
    resi_connection='1conv',
)
sr_weights = 'checkpoints/swinir_classical_x8_mmagic.pth'
