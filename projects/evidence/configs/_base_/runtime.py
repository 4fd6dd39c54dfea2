# The usual runtime. The last epoch counts.
# Two checkpoints: mmengine removes the older one before it has written the newer.
_base_ = '../../../../configs/_base_/default_runtime.py'
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=2))
