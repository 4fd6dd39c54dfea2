# 300000 updates of the SR network, the rate halved after two thirds, as EDSR is trained.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=300000, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
global_batch_size = 16
auto_scale_lr = dict(enable=False, base_batch_size=global_batch_size)
optim_wrapper = dict(constructor='sr4ir_mm.SeparateOptimWrapperConstructor')
sr_optim = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
sr_schedule = [dict(type='MultiStepLR', milestones=[200000], gamma=0.5, by_epoch=False)]
checkpoint = dict(interval=10000, by_epoch=False, save_best='sr/psnr', rule='greater')
