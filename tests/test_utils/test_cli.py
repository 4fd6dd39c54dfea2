"""Options of the tools, and how they report a user's mistakes."""

import argparse

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError


def two_optimizers():
    return Config(
        dict(
            optim_wrapper=dict(
                constructor='sr4ir_mm.SeparateOptimWrapperConstructor',
                sr_net=dict(type='OptimWrapper', optimizer=dict(type='Adam')),
                task_net=dict(optimizer=dict(type='SGD'), loss_scale=512.0),
                unused=None,
            )
        )
    )


def test_amp_reaches_every_optimizer():
    cfg = two_optimizers()
    cli.enable_amp(cfg)
    assert cfg.optim_wrapper.sr_net.type == 'sr4ir_mm.MixedPrecisionOptimWrapper'
    assert cfg.optim_wrapper.sr_net.loss_scale == 'dynamic'
    assert cfg.optim_wrapper.task_net.type == 'sr4ir_mm.MixedPrecisionOptimWrapper'
    assert cfg.optim_wrapper.task_net.loss_scale == 512.0
    assert set(cfg.optim_wrapper) == {'constructor', 'sr_net', 'task_net', 'unused'}


def test_amp_reaches_a_single_optimizer():
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD'), paramwise_cfg=dict())
    cfg = Config(dict(optim_wrapper=wrapper))
    cli.enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'sr4ir_mm.MixedPrecisionOptimWrapper'
    assert cfg.optim_wrapper.paramwise_cfg == {}


def test_amp_refuses_what_it_cannot_do():
    cfg = two_optimizers()
    cfg.optim_wrapper.sr_net.type = 'ApexOptimWrapper'
    with pytest.raises(UserError, match=r'optim_wrapper\.sr_net\.type=ApexOptimWrapper'):
        cli.enable_amp(cfg)
    with pytest.raises(UserError, match='no optimizer'):
        cli.enable_amp(Config(dict()))


def paper(**changes):
    """Two optimizers and the paper's batch."""
    cfg = two_optimizers()
    cfg.optim_wrapper.sr_net.optimizer = dict(type='AdamW', lr=1e-4)
    cfg.optim_wrapper.task_net.optimizer = dict(type='SGD', lr=2e-2)
    cfg.update(
        global_batch_size=16,
        auto_scale_lr=dict(enable=False, base_batch_size=16),
        train_dataloader=dict(batch_size=16),
    )
    cfg.merge_from_dict(changes)
    return cfg


@pytest.mark.parametrize(('processes', 'each'), [(1, 16), (2, 8), (8, 2)])
def test_the_papers_batch_is_divided_among_the_processes(processes, each):
    cfg = paper()
    cli.divide_batch(cfg, processes)
    assert cfg.train_dataloader.batch_size == each
    assert cli.batch_of_all(cfg, processes) == 16


def test_a_batch_that_cannot_be_divided_is_told():
    with pytest.raises(UserError, match='cannot be divided among 3 processes'):
        cli.divide_batch(paper(), 3)


def test_a_batch_of_the_users_own_stays_for_each_process():
    cfg = paper(**{'train_dataloader.batch_size': 4})
    cli.divide_batch(cfg, 2)
    assert cfg.train_dataloader.batch_size == 4
    assert 'Global batch: 8 images = 4 an iteration x 2 processes x 1' in cli.tell_batch(cfg, 2)
    assert 'meant for batches of 16' in cli.tell_batch(cfg, 2)
    assert 'meant for' not in cli.tell_batch(paper(), 1)


def test_a_batch_given_on_the_command_line_is_each_processs_even_where_it_is_the_papers():
    cfg = paper()
    cli.divide_batch(cfg, 2, {'train_dataloader.batch_size': 16})
    assert cfg.train_dataloader.batch_size == 16
    cli.divide_batch(cfg, 2, {'train_dataloader.num_workers': 0})
    assert cfg.train_dataloader.batch_size == 8


def test_each_rate_follows_the_batch_by_its_own_rule():
    cfg = paper(**{'train_dataloader.batch_size': 32, 'auto_scale_lr.enable': True})
    cli.scale_learning_rates(cfg, 2)
    assert cfg.optim_wrapper.task_net.optimizer.lr == pytest.approx(4 * 2e-2)
    assert cfg.optim_wrapper.sr_net.optimizer.lr == pytest.approx(2 * 1e-4)
    assert not cfg.auto_scale_lr.enable


def test_accumulated_iterations_count():
    cfg = paper(**{'optim_wrapper.task_net.accumulative_counts': 4})
    cli.scale_learning_rates(cfg, 1)
    assert cfg.optim_wrapper.task_net.optimizer.lr == pytest.approx(4 * 2e-2)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'auto_scale_lr': {}}, 'base_batch_size'),
        ({'optim_wrapper.task_net.optimizer.type': 'LBFGS'}, 'knows no rule for .*LBFGS'),
    ],
)
def test_rates_that_cannot_be_scaled_are_told(changes, words):
    cfg = paper()
    for key, value in changes.items():
        cfg.merge_from_dict({key: value}) if value else cfg.pop(key)
    with pytest.raises(UserError, match=words):
        cli.scale_learning_rates(cfg, 1)


def test_the_number_of_processes_is_the_launchers(monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '4')
    monkeypatch.setenv('SLURM_NTASKS', '8')
    assert [cli.world_size(each) for each in ('none', 'pytorch', 'slurm')] == [1, 4, 8]


def test_batch_norms_are_synchronised_on_accelerators_only(monkeypatch, capsys):
    cfg = Config(dict(launcher='pytorch', sync_bn='torch'))
    monkeypatch.setattr(cli.processes, 'has_accelerator', lambda: True)
    cli.keep_sync_bn_to_accelerators(cfg)
    assert cfg.sync_bn == 'torch'
    monkeypatch.setattr(cli.processes, 'has_accelerator', lambda: False)
    cli.keep_sync_bn_to_accelerators(cfg)
    assert cfg.sync_bn is None
    assert 'needs an accelerator' in capsys.readouterr().err


def test_work_dir_priority():
    cfg = Config(dict())
    cli.set_work_dir(cfg, None, 'configs/sr4ir/a_x4.py')
    assert cfg.work_dir == './work_dirs/sr4ir/a_x4'
    cli.set_work_dir(cfg, None, 'b.py')
    assert cfg.work_dir == './work_dirs/sr4ir/a_x4'
    cli.set_work_dir(cfg, 'here', 'b.py')
    assert cfg.work_dir == 'here'


def test_methods_have_folders_of_their_own():
    paths = ['configs/s2t/a.py', 'configs/sr4ir/a.py', 'elsewhere/a.py']
    assert [cli.default_work_dir(path) for path in paths] == [
        './work_dirs/s2t/a',
        './work_dirs/sr4ir/a',
        './work_dirs/a',
    ]


def test_resume(tmp_path):
    cfg = Config(dict(resume=False, load_from='a.pth', work_dir=str(tmp_path)))
    cli.set_resume(cfg, None)
    assert (cfg.resume, cfg.load_from) == (False, 'a.pth')
    cli.set_resume(cfg, 'auto')  # the first start of a job that is started again and again
    assert (cfg.resume, cfg.load_from) == (False, 'a.pth')
    (tmp_path / 'epoch_1.pth').touch()
    cli.set_resume(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (True, None)
    cli.set_resume(cfg, 'b.pth')
    assert (cfg.resume, cfg.load_from) == (True, 'b.pth')


@pytest.mark.parametrize('randomness', [{}, dict(randomness=dict(deterministic=True, seed=1))])
def test_seed_keeps_the_other_settings(randomness):
    cfg = Config(randomness)
    cli.set_seed(cfg, 0)
    assert cfg.randomness == {**randomness.get('randomness', {}), 'seed': 0}


def test_gloo_without_accelerator(monkeypatch):
    started = []
    monkeypatch.setattr(
        torch.distributed, 'init_process_group', lambda *args, **kwargs: started.append(args)
    )
    cfg = Config(dict(launcher='pytorch', env_cfg=dict(dist_cfg=dict(backend='nccl'))))
    monkeypatch.setattr(cli.processes, 'has_accelerator', lambda: True)
    cli.join_processes_on_cpu(cfg)
    assert cfg.env_cfg.dist_cfg.backend == 'nccl'
    monkeypatch.setattr(cli.processes, 'has_accelerator', lambda: False)
    cli.join_processes_on_cpu(Config(dict(launcher='none')))
    assert started == []
    for each in (cfg, Config(dict(launcher='pytorch'))):
        cli.join_processes_on_cpu(each)
        assert each.env_cfg.dist_cfg.backend == 'gloo'
    assert started == [('gloo',), ('gloo',)]


def test_show_dir():
    cfg = Config(dict())
    cli.set_show_dir(cfg, None)
    assert 'custom_hooks' not in cfg
    cli.set_show_dir(cfg, 'out')
    assert len(cfg.custom_hooks) == 1
    assert cfg.custom_hooks[0].type == 'sr4ir_mm.SRVisualizationHook'
    assert (cfg.custom_hooks[0].out_dir, cfg.custom_hooks[0].draw_test) == ('out', True)


@pytest.mark.parametrize('hooks', [[], [dict(type='sr4ir_mm.SRVisualizationHook')]])
def test_show_dir_draws_all_images_unless_the_config_says_how_many(hooks):
    cfg = Config(dict(custom_hooks=hooks))
    cli.set_show_dir(cfg, 'out')
    assert cfg.custom_hooks[0].max_images is None


def test_show_dir_uses_the_hook_that_is_there():
    hook = dict(type='sr4ir_mm.SRVisualizationHook', draw_test=False, max_images=3)
    cfg = Config(dict(custom_hooks=[dict(type='A'), hook]))
    cli.set_show_dir(cfg, 'out')
    assert [h.type for h in cfg.custom_hooks] == ['A', 'sr4ir_mm.SRVisualizationHook']
    assert dict(cfg.custom_hooks[1]) == {**hook, 'draw_test': True, 'out_dir': 'out'}


# ----------------------------------------------------------------------------------------- config


def test_config_with_options(tmp_path):
    path = tmp_path / 'a.py'
    path.write_text('model = dict(scale=4, layers=[dict(w=1), dict(w=2)])\n')
    cfg = cli.load_config(str(path), {'model.scale': 8, 'model.layers.1.w': 5, 'new': 1})
    assert cfg.model == dict(scale=8, layers=[dict(w=1), dict(w=5)])
    assert cfg.new == 1


def test_missing_config_suggests_its_neighbour(tmp_path):
    (tmp_path / 'edsr_x4.py').touch()
    with pytest.raises(UserError, match=r'edsr_x5.py does not exist; did you mean .*edsr_x4.py\?'):
        cli.load_config(str(tmp_path / 'edsr_x5.py'))
    with pytest.raises(UserError, match='configs are in'):
        cli.load_config(str(tmp_path / 'none' / 'a.py'))


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('a.py', 'model = dict(\n'),
        ('a.py', "_base_ = './none.py'\n"),
        ('a.py', "custom_imports = dict(imports=['no_such_module'])\n"),
        ('a.txt', 'model = 1\n'),
        ('a.py', 'import sys\nraise RuntimeError("x")\n'),
    ],
)
def test_unreadable_config(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=rf'{name} cannot be read \(') as caught:
        cli.load_config(str(tmp_path / name))
    assert '\n' not in cli.user_sentence(caught.value)


def test_option_that_does_not_fit(tmp_path):
    (tmp_path / 'a.py').write_text('scale = 4\nlayers = [dict(w=1)]\n')
    for option in ({'scale.x': 1}, {'layers.3.w': 1}):
        with pytest.raises(UserError, match='does not fit'):
            cli.load_config(str(tmp_path / 'a.py'), option)


def test_slips_in_options_are_pointed_out(tmp_path, capsys):
    (tmp_path / 'a.py').write_text('model = dict(scale=4)\n')
    cli.load_config(str(tmp_path / 'a.py'), {'modle.scale': 8, 'model.other': 1, 'model.scale': 2})
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 1
    assert "did you mean 'model'?" in warnings[0]


# ----------------------------------------------------------------------------------------- errors


def failing(error):
    def main():
        raise error

    return main


def test_user_error_is_one_sentence_and_exit_code_2(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.run(failing(UserError('scale=3 is\n odd; take 4.')))
    assert caught.value.code == 2
    assert capsys.readouterr().err == 'error: scale=3 is odd; take 4.\n'


def test_other_processes_keep_quiet(capsys, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '1')
    with pytest.raises(SystemExit):
        cli.run(failing(UserError('x')))
    assert capsys.readouterr().err == ''


def test_other_processes_tell_what_they_alone_may_have_met(capsys, monkeypatch):
    """Once they have joined, the first says no more than that another has ended, and why is for that one to say."""
    monkeypatch.setenv('LOCAL_RANK', '1')
    monkeypatch.setenv('RANK', '5')
    monkeypatch.setattr('torch.distributed.is_initialized', lambda: True)
    with pytest.raises(SystemExit):
        cli.run(failing(UserError('a.jpg is cut off.')))
    assert capsys.readouterr().err == 'error in process 5: a.jpg is cut off.\n'


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setenv('SR4IR_DEBUG', '1')
    with pytest.raises(UserError):
        cli.run(failing(UserError('x')))


def test_bugs_keep_their_traceback():
    for error in (KeyError('a'), TypeError("f() got an unexpected keyword argument 'b'")):
        with pytest.raises(type(error)):
            cli.run(failing(error))


def test_error_out_of_a_traceback():
    text = """Caught UserError in DataLoader worker process 0.
Original Traceback (most recent call last):
  File "a.py", line 1, in f
sr4ir_mm.utils.errors.UserError: a.jpg is cut off; restore it.
"""
    assert cli.user_sentence(UserError(text)) == 'a.jpg is cut off; restore it.'


@pytest.mark.parametrize(
    ('signal', 'sentence'),
    [('Bus error', 'no space in shared memory'), ('Killed', 'was killed, most often for want')],
)
@pytest.mark.parametrize('waiting', [True, False])
def test_a_lost_worker_is_told_wherever_the_signal_came(signal, sentence, waiting):
    error = RuntimeError(f'DataLoader worker (pid 1) is killed by signal: {signal}. ')
    if waiting:
        outer = RuntimeError('DataLoader worker (pid(s) 1) exited unexpectedly')
        outer.__cause__, error = error, outer
    assert sentence in cli.user_sentence(error)


def test_a_worker_that_left_for_an_unknown_reason_keeps_its_traceback():
    error = RuntimeError('DataLoader worker (pid(s) 1) exited unexpectedly')
    assert cli.user_sentence(error) is None


@pytest.mark.slow
def test_error_in_a_loader_worker_is_the_same_sentence():
    class Failing(torch.utils.data.Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            raise UserError('a.jpg is cut off; restore it.')

    with pytest.raises(UserError) as caught:
        next(iter(torch.utils.data.DataLoader(Failing(), num_workers=1)))
    assert cli.user_sentence(caught.value) == 'a.jpg is cut off; restore it.'


def test_unregistered_type():
    with pytest.raises(KeyError) as caught:
        MODELS.build(dict(type='NoSuchNet'))
    assert cli.user_sentence(caught.value).startswith("type='NoSuchNet' in the config is no")


def test_unknown_argument_of_a_registered_class():
    @MODELS.register_module(name='ForCliTest', force=True)
    class Net(torch.nn.Module):
        def __init__(self, width=1, bug=False, **kwargs):
            super().__init__(**kwargs)
            if bug:
                torch.nn.functional.relu(width=1)

    for argument in ('weight', 'wdith'):
        with pytest.raises(TypeError) as caught:
            MODELS.build({'type': 'ForCliTest', argument: 2})
        assert cli.user_sentence(caught.value) is not None
        assert repr(argument) in cli.user_sentence(caught.value)
    with pytest.raises(TypeError) as caught:
        MODELS.build(dict(type='ForCliTest', bug=True))
    assert cli.user_sentence(caught.value) is None


# ---------------------------------------------------------------------------------------- options


def parser():
    made = argparse.ArgumentParser()
    cli.add_common_options(made)
    return made


@pytest.mark.parametrize('option', ['--local_rank', '--local-rank'])
def test_local_rank_is_passed_on(option, monkeypatch):
    import os

    monkeypatch.delenv('LOCAL_RANK', raising=False)
    cli.parse(parser(), [option, '3'])
    assert os.environ['LOCAL_RANK'] == '3'


def test_local_rank_of_slurm(monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    monkeypatch.setenv('SLURM_LOCALID', '2')
    cli.parse(parser(), ['--launcher', 'slurm'])
    cli.check_on_first_process(lambda: pytest.fail('process 2 checked'))


def test_options_are_typed():
    args = cli.parse(parser(), ['--cfg-options', 'a.b=1', 'c=[1,2]', 'd=x'])
    assert args.cfg_options == {'a.b': 1, 'c': [1, 2], 'd': 'x'}


@pytest.mark.parametrize('option', ['noequals', 'a=[1,(2]'])
def test_malformed_option(option, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.parse(parser(), ['--cfg-options', option])
    assert caught.value.code == 2
    assert 'key=value' in capsys.readouterr().err


@pytest.mark.parametrize('names', [['sr_net'], ['sr_net', 'task'], ['sr_net', 'task_net', 'det']])
def test_scheduler_names_that_match_no_optimizer_are_told(names):
    optimizers = {name: dict(type='OptimWrapper') for name in ('sr_net', 'task_net')}
    cfg = Config(
        dict(
            optim_wrapper=dict(constructor='x', **optimizers),
            param_scheduler={name: [dict(type='ConstantLR')] for name in names},
        )
    )
    with pytest.raises(UserError, match=r"optim_wrapper \['sr_net', 'task_net'\]"):
        cli.check_scheduler_names(cfg)


@pytest.mark.parametrize(
    'cfg',
    [
        dict(runner_type='FlexibleRunner', strategy=dict(type='FSDPStrategy')),
        dict(model_wrapper_cfg=dict(type='mmengine.MMFullyShardedDataParallel')),
    ],
)
def test_sharded_strategies_are_refused(cfg):
    with pytest.raises(UserError, match='shards the model as one network'):
        cli.build_runner(Config(cfg))


def test_a_runner_of_strategies_is_refused():
    with pytest.raises(UserError, match='leave runner_type and strategy out'):
        cli.build_runner(Config(dict(runner_type='FlexibleRunner')))


def test_compilation_of_the_training_step_is_refused():
    with pytest.raises(UserError, match='train with --compile'):
        cli.build_runner(Config(dict(compile=dict(backend='inductor'))))


def test_one_optimizer_for_the_whole_model_is_told():
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    with pytest.raises(UserError, match='one for the whole model'):
        cli.check_optimizers(dict(model=dict(phases=[]), optim_wrapper=wrapper))
    cli.check_optimizers(dict(model=dict(phases=[]), optim_wrapper=two_optimizers().optim_wrapper))
    cli.check_optimizers(dict(model=dict(type='RetinaNet'), optim_wrapper=wrapper))


@pytest.mark.parametrize('setting', ['clip_grad', 'accumulative_counts', 'paramwise_cfg'])
def test_a_setting_beside_the_optimizers_is_told(setting):
    cfg = two_optimizers()
    cfg.merge_from_dict({'model.phases': [], f'optim_wrapper.{setting}': dict(max_norm=1)})
    with pytest.raises(UserError, match=rf"\['{setting}'\] beside the optimizers"):
        cli.check_optimizers(cfg)


PRECISE = dict(type='mmpretrain.PreciseBNHook')
RECIPE = dict(type='SwitchRecipeHook', schedule=[])


@pytest.mark.parametrize(
    ('hook', 'message'),
    [
        (PRECISE, 'statistics of batch norms'),
        (dict(type='sr4ir_mm.TaskModelHook', hook=PRECISE), 'statistics of batch norms'),
        (RECIPE, r"write dict\(type='sr4ir_mm.TaskModelHook', hook=dict\(type='SwitchRecipeHook'"),
    ],
)
def test_hooks_that_would_not_reach_the_task_network_are_refused(hook, message):
    cfg = Config(dict(model=dict(phases=[]), custom_hooks=[dict(type='EMAHook'), hook]))
    with pytest.raises(UserError, match=message):
        cli.check_hooks(cfg)
    cli.check_hooks(dict(cfg, model=dict(type='ImageClassifier')))
    redirected = dict(type='sr4ir_mm.TaskModelHook', hook=RECIPE)
    cli.check_hooks(dict(cfg, custom_hooks=[dict(type='EMAHook'), redirected]))


@pytest.mark.parametrize(
    'given',
    [
        None,
        dict(find_unused_parameters=False, static_graph=True),
        dict(type='MMDistributedDataParallel', static_graph=True),
        dict(type='mmengine.MMDistributedDataParallel', static_graph=True),
    ],
)
@pytest.mark.parametrize('unused', [True, False])
def test_each_network_gets_a_distributed_wrapper_of_its_own(given, unused):
    cfg = Config(
        dict(model=dict(phases=[]), find_unused_parameters=unused, model_wrapper_cfg=given)
    )
    cli.set_model_wrapper(cfg)
    assert cfg.model_wrapper_cfg.type == 'MMSeparateDistributedDataParallel'
    assert cfg.model_wrapper_cfg.find_unused_parameters == unused
    assert cfg.model_wrapper_cfg.get('static_graph') == (given and True)
    other = Config(dict(model=dict(type='RetinaNet')))
    cli.set_model_wrapper(other)
    assert 'model_wrapper_cfg' not in other


def test_one_list_of_schedulers_serves_all_optimizers():
    optimizers = {name: dict(type='OptimWrapper') for name in ('sr_net', 'task_net')}
    for schedulers in ([dict(type='ConstantLR')], None, {name: [] for name in optimizers}):
        cli.check_scheduler_names(
            Config(dict(optim_wrapper=optimizers, param_scheduler=schedulers))
        )


def test_a_detector_on_a_gpu_needs_mmcvs_cuda(monkeypatch):
    from sr4ir_mm.utils.cli import environment

    monkeypatch.setattr(environment, 'uses_cuda', lambda: True)
    monkeypatch.setattr(environment, 'mmcv_has_cuda', lambda: False)
    with pytest.raises(UserError, match='built without it'):
        cli.check_environment(dict(default_scope='mmdet'))
    cli.check_environment(dict(default_scope='mmpretrain'))
    monkeypatch.setattr(environment, 'mmcv_has_cuda', lambda: True)
    cli.check_environment(dict(default_scope='mmdet'))
