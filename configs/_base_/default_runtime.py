custom_imports = dict(imports=['sr4ir_mm'], allow_failed_imports=False)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='sr4ir_mm.TaskCheckpointHook',
        interval=1,
        max_keep_ckpts=3,
        save_best='auto',
        save_interval=dict(minutes=30),
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='sr4ir_mm.EpochSeedHook'),
    dict(type='sr4ir_mm.StopOnInvalidLossHook'),
    dict(type='sr4ir_mm.CudnnBenchmarkHook'),
    dict(type='sr4ir_mm.SRVisualizationHook'),
]
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
model_wrapper_cfg = dict(
    type='MMSeparateDistributedDataParallel', broadcast_buffers=False, find_unused_parameters=False
)
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=100)
