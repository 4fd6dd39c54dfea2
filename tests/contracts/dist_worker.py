"""Started by torchrun from test_distributed.py: trains the toy run and writes what each rank holds."""

import sys
from pathlib import Path

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.runner import Runner

from sr4ir_mm.utils.cli import join_processes_on_cpu, leave_gloo
from tests import toy_runs

work_dir, method = Path(sys.argv[1]), sys.argv[2]
cfg = toy_runs.config(work_dir, epochs=2, **(toy_runs.SOD_MTGAN if 'gan' in method else {}))
cfg.launcher = 'pytorch'
if method == 'joint':
    cfg.model.phases = [
        dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict(), tdp=dict())
    ]
if method == 'parts':
    cfg.model.phases[0].in_parts = 1
if method == 'resume':
    cfg.resume = True
    cfg.train_cfg.max_epochs = 3
if 'accumulate' in method:
    for name in set(cfg.optim_wrapper) - {'constructor'}:
        cfg.optim_wrapper[name].accumulative_counts = 2
if method == 'ema':
    cfg.custom_hooks.append(toy_runs.EMA)
join_processes_on_cpu(cfg)
runner = Runner.from_cfg(cfg)
runner.train()
assert get_world_size() == 2
result = dict(runner.model.module.state_dict())
if method == 'ema':
    cfg.merge_from_dict(dict(resume=True, experiment_name='resumed'))
    resumed = Runner.from_cfg(cfg)
    resumed.train()
    result = [toy_runs.average(runner), toy_runs.average(resumed)]
torch.save(result, work_dir / f'rank_{get_rank()}.pt')
leave_gloo()
