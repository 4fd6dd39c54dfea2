# The usual runtime. The last epoch counts, and its answers to the test images are kept.
# Two checkpoints: mmengine removes the older one before it has written the newer.
_base_ = '../../../../configs/_base_/default_runtime.py'
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=2))
custom_hooks = [*_base_.custom_hooks, dict(type='sr4ir_mm.PredictionsHook')]
