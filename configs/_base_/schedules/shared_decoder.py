# Of no paper: 80 epochs, of which the first 24 are step 1, and the rate falls twice in step 2.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Of all processes together; tools/train.py divides it among them.
global_batch_size = 16
auto_scale_lr = dict(enable=False, base_batch_size=global_batch_size)
optim_wrapper = dict(constructor='sr4ir_mm.SeparateOptimWrapperConstructor')
sr_optim = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
sr_schedule = [dict(type='MultiStepLR', by_epoch=True, milestones=[50, 70], gamma=0.1)]
