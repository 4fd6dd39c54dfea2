# FDSR's: 2,000,000 iterations of 8 images, 800 epochs of its 20,000 images. The paper names no decay of the rate.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=800, val_interval=20)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Of all processes together; tools/train.py divides it among them.
global_batch_size = 8
auto_scale_lr = dict(enable=False, base_batch_size=global_batch_size)
optim_wrapper = dict(constructor='sr4ir_mm.SeparateOptimWrapperConstructor')
sr_optim = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
sr_schedule = []
