# 200 epochs, as for Cars and CUB.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Of all processes together; tools/train.py divides it among them.
global_batch_size = 128
auto_scale_lr = dict(enable=False, base_batch_size=global_batch_size)
optim_wrapper = dict(constructor='sr4ir_mm.SeparateOptimWrapperConstructor')
sr_optim = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.0))
task_optim = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=3e-2, momentum=0.9, weight_decay=1e-4)
)
_cosine = dict(type='sr4ir_mm.WarmupCosineRestartLR', by_epoch=True, convert_to_iter_based=True)
sr_schedule = [dict(_cosine, eta_min=1e-6)]
task_schedule = [dict(_cosine, eta_min=1e-4)]
sr_schedule_sr4ir = [dict(_cosine, restart='loss_start', eta_min=1e-6)]
task_schedule_sr4ir = [dict(_cosine, restart='loss_start', eta_min=1e-4)]
# SR4IR's restart where no loss begins at it.
sr_schedule_no_tdp = [dict(_cosine, restart=0.1, eta_min=1e-6)]
task_schedule_no_tdp = [dict(_cosine, restart=0.1, eta_min=1e-4)]
