# One recipe for every method of a data set: the same number of epochs from the same HR-trained task network
# (init_task-net_*) and the same SR network (init_sr-net_*); the last epoch counts. An epoch costs the methods different
# time, not different numbers of updates.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=8, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
optim_wrapper = dict(constructor='sr4ir_mm.SeparateOptimWrapperConstructor')
sr_optim = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.0))
task_optim = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-2),
    clip_grad=dict(max_norm=10.0),
)
schedule = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=25),
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]
