"""Each contract test fails when the fix it guards is taken out.

A mutation edits one line of a copy of the package and runs one test against it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Mutation(NamedTuple):
    """A fix taken out: ``old`` becomes ``new`` in ``file``, and ``test`` must fail."""

    trap: str
    file: str
    old: str
    new: str
    test: str


STEP = 'tests/contracts/test_train_step.py::'
OPTIMIZERS = 'tests/contracts/test_optimizers.py::'
SPACES = 'tests/contracts/test_spaces.py::'
SCOPES = 'tests/contracts/test_scopes.py::'
RESUME = 'tests/contracts/test_resume.py::'
FAULTS = 'tests/contracts/test_faults.py::'
WITHIN = 'tests/contracts/test_resume_within_epochs.py::'
ADVERSARIAL = 'tests/test_models/test_phases/test_adversarial.py::'
DIST = 'tests/contracts/test_distributed.py::'

MUTATIONS = [
    Mutation(
        '1 frozen stages',
        'utils/modules.py',
        'for p in module.parameters() if p.requires_grad]',
        'for p in module.parameters()]',
        STEP + 'test_frozen_stages_stay_frozen',
    ),
    Mutation(
        '2 several forwards under DDP',
        'models/adapters/base.py',
        "return task_net(inputs, samples, mode='loss')",
        "return unwrap(task_net)(inputs, samples, mode='loss')",
        DIST + 'test_ranks_agree_and_the_checkpoint_loads_strictly[sr4ir]',
    ),
    Mutation(
        '3 names of wrapped children',
        'models/task_driven_sr.py',
        'keep_plain_names(self)',
        'pass',
        DIST + 'test_wrapped_children_are_saved_under_plain_names',
    ),
    Mutation(
        '3 averages of wrapped children',
        'models/checkpoint.py',
        'child._register_load_state_dict_pre_hook(_enter_wrapper)',
        'pass',
        DIST + 'test_averages_go_on_in_two_processes_and_in_one',
    ),
    Mutation(
        '4 scope of the children',
        'models/adapters/build.py',
        "cfg.setdefault('_scope_', prefix)",
        'pass',
        SCOPES + 'test_prefix_alone_is_enough',
    ),
    Mutation(
        '5 global scope',
        'utils/setup_env.py',
        'init_default_scope: bool = False',
        'init_default_scope: bool = True',
        SCOPES + 'test_registering_does_not_touch_the_default_scope',
    ),
    Mutation(
        '6 one normalisation',
        'models/data_preprocessors/lr_hr.py',
        'data = self.task_preprocessor(data, training)',
        'data = self.task_preprocessor(data, training)\n'
        "        data['inputs'] = self.adapter.space.to_task(data['inputs'])",
        SPACES + 'test_task_space_is_what_the_library_makes[det]',
    ),
    Mutation(
        '6 padding does not leak',
        'models/data_preprocessors/lr_hr.py',
        'if all(size == tuple(image_rgb01.shape[-2:]) for size in sizes):',
        'if True:',
        SPACES + 'test_padding_is_reset_to_the_librarys_own[det]',
    ),
    Mutation(
        '7 optimizer of another network',
        'engine/optimizers/separate.py',
        'if set(state_dict) != set(self.optim_wrappers):',
        'if False:',
        OPTIMIZERS + 'test_state_of_other_networks_is_refused',
    ),
    Mutation(
        '7 random states',
        'utils/random_state.py',
        'torch.manual_seed(seed)',
        'pass',
        RESUME + 'test_two_epochs_and_two_more_equal_four[0]',
    ),
    Mutation(
        '7 whole files',
        'engine/hooks/checkpoint_files.py',
        "beside = path.with_name(f'.{path.name}.part')",
        'beside = path',
        FAULTS + 'test_a_killed_run_goes_on',
    ),
    Mutation(
        '7 random numbers of a batch',
        'engine/loops/batches.py',
        "seed_generators(seed, 'batch', getattr(batch, 'number', 0), rank)",
        'pass',
        WITHIN + 'test_a_signal_within_an_epoch',
    ),
    Mutation(
        '7 statistics of every process',
        'engine/hooks/checkpoint.py',
        "checkpoint['state_dict'].update(buffers[get_rank()])",
        'pass',
        FAULTS + 'test_a_signal_to_one_process_stops_both_with_one_checkpoint',
    ),
    Mutation(
        '7 accumulated gradients',
        'engine/hooks/checkpoint.py',
        'return all(done % wrapper._accumulative_counts == 0',
        'return all(True',
        WITHIN + 'test_accumulated_gradients_are_used_before_the_checkpoint',
    ),
    Mutation(
        '8 eval mode restored',
        'utils/modules.py',
        'submodule.training = training',
        'pass',
        STEP + 'test_batch_norm_sees_the_task_phase_only[cls]',
    ),
    Mutation(
        '8 no recomputation in another mode',
        'utils/modules.py',
        'submodule.with_cp = False',
        'pass',
        'tests/test_models/test_phases/test_lent_networks.py::'
        'test_checkpointed_blocks_of_a_task_network_give_the_same_gradient[cls-task]',
    ),
    Mutation(
        '8 features in eval mode',
        'utils/modules.py',
        'submodule.training = mode_of(submodule)',
        'pass',
        STEP + 'test_batch_norm_sees_the_task_phase_only[cls]',
    ),
    Mutation(
        '2 gradients of a part of the networks',
        'models/phases/adversarial.py',
        'key=lambda kind: kind in _IS_REAL',
        'key=lambda kind: kind not in _IS_REAL',
        ADVERSARIAL + 'test_kinds_that_the_branch_judges_come_last',
    ),
    Mutation(
        '8 losses of a steady network',
        'models/phases/sr.py',
        'with steady_mode(task_net) if self.task_eval',
        'with nullcontext() if self.task_eval',
        ADVERSARIAL + 'test_batch_norm_sees_the_task_phase_only',
    ),
    Mutation(
        '9 log keys',
        'models/task_driven_sr.py',
        "{f'{phase.prefix}/{name}': value.detach()",
        "{f'{phase.prefix}/{name}_lr': value.detach()",
        STEP + 'test_log_keys_are_readable_by_mmengine',
    ),
    Mutation(
        '10 accumulation',
        'engine/optimizers/separate.py',
        'wrapper.initialize_count_status(getattr(unwrap(model), name), cur_iter, max_iters)',
        'pass',
        OPTIMIZERS + 'test_accumulation_steps_every_third_iteration_and_at_the_end[False]',
    ),
    Mutation(
        '10 names of optimizers',
        'engine/optimizers/separate.py',
        'if set(self.cfg) != set(expected):',
        'if False:',
        OPTIMIZERS + 'test_a_name_that_matches_no_trained_network_is_told',
    ),
    Mutation(
        '11 one loss scale for a joint pass',
        'engine/optimizers/separate.py',
        '    share_loss_scaler(wrappers)',
        '    pass',
        OPTIMIZERS + 'test_joint_amp_unscales_by_one_scale',
    ),
    Mutation(
        '11 TDP under AMP',
        'models/phases/joint.py',
        'losses = kind_losses(self.images, context)\n',
        'import torch\n'
        '        with torch.no_grad():\n'
        '            kind_losses(self.images, context)\n'
        '        losses = kind_losses(self.images, context)\n',
        OPTIMIZERS + 'test_amp_trains_both_networks',
    ),
    Mutation(
        '12 metrics in one evaluator',
        'evaluation/metrics/base.py',
        'class ImageMetric(BaseMetric):',
        'class ImageMetric(BaseMetric):\n    def evaluate(self):\n        return {}\n',
        'tests/test_evaluation/test_base.py',
    ),
    Mutation(
        'memory layout before RoIAlign',
        'models/task_nets/roi_align.py',
        'super().forward(input.contiguous(), rois.contiguous())',
        'super().forward(input, rois)',
        'tests/test_models/test_task_nets/test_faster_modules.py::test_pooled_regions_are_mmcvs',
    ),
]


@pytest.fixture(scope='module')
def worker():
    """A process that runs tests on mutated copies without importing the big libraries each time."""
    command = [sys.executable, '-m', 'tests.contracts.mutation_worker']
    # The package on the path must be the copy alone.
    environment = {**os.environ, 'PYTHONPATH': '', 'PYTHONDONTWRITEBYTECODE': '1'}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


def cases():
    """Every mutation; those whose test trains or starts processes are slow."""
    return [
        pytest.param(
            mutation,
            id=mutation.trap.replace(' ', '_'),
            marks=[pytest.mark.slow]
            if mutation.test.startswith((DIST, RESUME, FAULTS, WITHIN))
            else [],
        )
        for mutation in MUTATIONS
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize('mutation', cases())
def test_the_contract_fails_without_its_fix(mutation, tmp_path, worker):
    for folder in ('sr4ir_mm', 'tests', 'configs'):
        ignore = shutil.ignore_patterns('__pycache__', 'fixtures')
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(ROOT / 'pyproject.toml', tmp_path)
    path = tmp_path / 'sr4ir_mm' / mutation.file
    text = path.read_text()
    assert text.count(mutation.old) >= 1, f'{mutation.file} no longer has the line'
    path.write_text(text.replace(mutation.old, mutation.new))
    worker.stdin.write(f'{tmp_path} {mutation.test}\n')
    worker.stdin.flush()
    code = int(worker.stdout.readline())
    log = (tmp_path / 'pytest.log').read_text()
    assert code == pytest.ExitCode.TESTS_FAILED, log[-2000:]
    assert ' failed' in log
