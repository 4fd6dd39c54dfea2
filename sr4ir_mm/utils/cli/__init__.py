"""What the tools share, by concern: reports, options, configs, work dirs, optimizers, hooks, processes, runs.

Imported by tools, demos and projects. Nothing here imports torch at import time: a wrong option or a missing file is
told at once.
"""

from sr4ir_mm.utils.cli.configs import load_config, warn_about_new_keys
from sr4ir_mm.utils.cli.environment import check_environment
from sr4ir_mm.utils.cli.hooks import check_hooks
from sr4ir_mm.utils.cli.optimizers import (
    batch_of_all,
    check_optimizers,
    check_scheduler_names,
    divide_batch,
    enable_amp,
    optim_wrappers,
    scale_learning_rates,
    tell_batch,
)
from sr4ir_mm.utils.cli.options import (
    add_common_options,
    add_model_options,
    add_trust_option,
    parse,
)
from sr4ir_mm.utils.cli.processes import (
    check_on_first_process,
    has_accelerator,
    join_processes_on_cpu,
    keep_sync_bn_to_accelerators,
    set_model_wrapper,
    world_size,
)
from sr4ir_mm.utils.cli.reports import EXIT_USER_ERROR, leave_gloo, run, user_sentence
from sr4ir_mm.utils.cli.runs import build_runner, set_seed, set_show_dir, set_train_loop
from sr4ir_mm.utils.cli.work_dirs import (
    check_work_dir_is_ours,
    check_work_dir_is_writable,
    default_work_dir,
    set_resume,
    set_work_dir,
)

__all__ = [
    'EXIT_USER_ERROR',
    'add_common_options',
    'add_model_options',
    'add_trust_option',
    'batch_of_all',
    'build_runner',
    'check_environment',
    'check_hooks',
    'check_on_first_process',
    'check_optimizers',
    'check_scheduler_names',
    'check_work_dir_is_ours',
    'check_work_dir_is_writable',
    'default_work_dir',
    'divide_batch',
    'enable_amp',
    'has_accelerator',
    'join_processes_on_cpu',
    'keep_sync_bn_to_accelerators',
    'leave_gloo',
    'load_config',
    'optim_wrappers',
    'parse',
    'run',
    'scale_learning_rates',
    'set_model_wrapper',
    'set_resume',
    'set_seed',
    'set_show_dir',
    'set_train_loop',
    'set_work_dir',
    'tell_batch',
    'user_sentence',
    'warn_about_new_keys',
    'world_size',
]
