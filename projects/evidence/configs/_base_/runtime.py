# The usual runtime, in a memory layout that is faster for narrow networks on a CPU. The last epoch counts.
# Two checkpoints: mmengine removes the older one before it has written the newer.
_base_ = '../../../../configs/_base_/default_runtime.py'
custom_hooks = [*_base_.custom_hooks, dict(type='sr4ir_mm.ChannelsLastHook')]
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=2))
