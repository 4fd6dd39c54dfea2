"""What the command-line tools share: options, config loading, AMP, the report of user errors.

Nothing here imports torch at import time: a wrong option or a missing file must be told at once.
"""

import argparse
import atexit
import datetime
import difflib
import os
import os.path as osp
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner

EXIT_USER_ERROR = 2

#: Where launchers other than torchrun (which sets LOCAL_RANK) tell a process its number.
LOCAL_RANK_OF_LAUNCHER = {'slurm': 'SLURM_LOCALID', 'mpi': 'OMPI_COMM_WORLD_LOCAL_RANK'}


def run(main: Callable[[], None]) -> None:
    """Run a tool's ``main`` and turn a user error into one sentence and exit code 2.

    Besides :class:`UserError`, mmengine's own errors about a type that is not registered and an
    argument that a registered class does not take count as user errors. ``SR4IR_DEBUG=1`` lets the
    traceback through.

    Args:
        main: The tool, without arguments.

    Raises:
        SystemExit: With code 2 after a user error.
    """
    try:
        main()
    except Exception as error:
        sentence = user_sentence(error)
        if sentence is None or os.getenv('SR4IR_DEBUG') == '1':
            raise
        # All processes of a distributed run fail alike; one of them telling it is enough.
        if os.getenv('LOCAL_RANK', '0') == '0':
            print(f'error: {sentence}', file=sys.stderr, flush=True)
        raise SystemExit(EXIT_USER_ERROR) from None
    leave_gloo()


def leave_gloo() -> None:
    """End a process that shares a gloo group, all processes together.

    Gloo's threads abort the interpreter on its own way out now and then ("terminate called without an active
    exception"), and torchrun then calls a finished run failed.
    """
    torch = sys.modules.get('torch')
    if torch is None or not torch.distributed.is_available():
        return
    if not torch.distributed.is_initialized() or torch.distributed.get_backend() != 'gloo':
        return
    torch.distributed.barrier()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def user_sentence(error: Exception) -> str | None:
    """Return the one sentence for an error that is the user's to solve; None for any other."""
    if isinstance(error, UserError):
        # A worker process of a data loader hands its error over as text, traceback included.
        return ' '.join(str(error).split(f'{UserError.__qualname__}: ')[-1].split())
    text = str(error.args[0]) if error.args else ''
    unknown_type = re.match(r'(\S+) is not in the (\S+?)::([\w ]+) registry', text)
    if isinstance(error, KeyError) and unknown_type:
        name, scope, registry = unknown_type.groups()
        return (
            f'type={name!r} in the config is no registered {registry} (looked up from scope '
            f'{scope!r}); check the spelling, put its library before it as in '
            "'mmdet.FasterRCNN', or import its module with custom_imports."
        )
    wrong_argument = re.search(
        r"(\w+)\.__init__\(\) got an unexpected keyword argument '(.+)'", text
    )
    if isinstance(error, TypeError) and wrong_argument and _raised_by_registry(error):
        owner, argument = wrong_argument.groups()
        return (
            f'{owner} takes no argument {argument!r}; remove it from the config or correct its '
            'spelling.'
        )
    return None


def _raised_by_registry(error: Exception) -> bool:
    """Whether a registry was building from a config, with only constructors called since."""
    traceback, names = error.__traceback__, []
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    while names and names[-1] == '__init__':
        names.pop()
    return bool(names) and names[-1] in (
        'build_from_cfg',
        'build_model_from_cfg',
        'build_runner_from_cfg',
    )


def parse(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line and leave the local rank where mmengine looks for it.

    Args:
        parser: The tool's parser.
        argv: Arguments; the process's own by default.

    Raises:
        SystemExit: Code 2 after a wrong option, a malformed ``--cfg-options`` among them.
    """
    try:
        args = parser.parse_args(argv)
    except (ValueError, AssertionError) as error:  # mmengine's DictAction
        parser.error(f'--cfg-options takes key=value pairs ({error}).')
    rank = os.getenv(LOCAL_RANK_OF_LAUNCHER.get(args.launcher, ''), str(args.local_rank))
    os.environ.setdefault('LOCAL_RANK', rank)
    return args


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share, named as everywhere in OpenMMLab."""
    from mmengine.config import DictAction

    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the config: model.scale=8, lists as key="[a,b]" or key=a,b, '
        'without white space; items of a list by number, as in custom_hooks.0.priority=10',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher',
    )
    # torch.distributed.launch passes --local-rank from torch 2.0 on, --local_rank before.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


# ----------------------------------------------------------------------------------------- config


def load_config(path: str, options: Mapping[str, Any] | None = None) -> 'Config':
    """Read a config file and merge ``--cfg-options`` into it.

    An option whose key the config lacks but nearly has is merged as OpenMMLab does, with a warning
    on stderr: it is most often a slip.

    Args:
        path: Config file.
        options: Keys with dots, as :class:`mmengine.config.DictAction` gives them.

    Raises:
        UserError: The file is missing or cannot be read, or an option does not fit.
    """
    from mmengine.config import Config

    if not osp.isfile(path):
        raise UserError(f'the config {osp.abspath(path)} does not exist; {_near_file(path)}')
    try:
        cfg = Config.fromfile(path)
    except Exception as error:
        raise UserError(
            f'the config {path} cannot be read ({type(error).__name__}: '
            f'{_first_sentence(error)}); correct it, SR4IR_DEBUG=1 shows the whole error.'
        ) from error
    if options:
        warn_about_new_keys(cfg, options)
        try:
            cfg.merge_from_dict(dict(options))
        except Exception as error:
            raise UserError(
                f'--cfg-options {" ".join(f"{key}={value}" for key, value in options.items())} '
                f'does not fit {path} ({type(error).__name__}: {_first_sentence(error)}); compare '
                'the keys with those of the config.'
            ) from error
    return cfg


def _near_file(path: str) -> str:
    folder = osp.dirname(path) or '.'
    names = sorted(os.listdir(folder)) if osp.isdir(folder) else []
    near = difflib.get_close_matches(osp.basename(path), names, n=1)
    if near:
        return f'did you mean {osp.join(folder, near[0])}?'
    return 'configs are in configs/<method>/, and paths are taken from the current folder.'


def _first_sentence(error: Exception) -> str:
    text = str(error.args[0]) if len(error.args) == 1 else str(error)
    return ' '.join(text.split()).rstrip('.')


def warn_about_new_keys(cfg: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Warn on stderr about each option that misses an existing key of the config by a little."""
    for option in options:
        level: Any = cfg
        for key in option.split('.'):
            if not hasattr(level, 'keys'):
                break  # an item of a list: mmengine says itself what is wrong with its number
            if key not in level:
                near = difflib.get_close_matches(key, map(str, level), n=1, cutoff=0.8)
                if near:
                    print(
                        f'warning: --cfg-options {option} adds a new key {key!r}; '
                        f'did you mean {near[0]!r}?',
                        file=sys.stderr,
                    )
                break
            level = level[key]


def set_work_dir(cfg: 'Config', work_dir: str | None, config_path: str) -> None:
    """Set the work_dir: the option, else what the config says, else work_dirs/<config's name>."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('./work_dirs', osp.splitext(osp.basename(config_path))[0])


def check_work_dir_is_ours(cfg: 'Config', config_path: str) -> None:
    """Check that the default work_dir does not hold a run of another method.

    Configs of several methods share a name (``configs/s2t/x.py``, ``configs/sr4ir/x.py``), and with it OpenMMLab's
    default folder.

    Args:
        cfg: The config with its ``work_dir``.
        config_path: Its file, whose name the run's own copy in the work_dir has.

    Raises:
        UserError: The copy there has other phases.
    """
    from mmengine.config import Config

    copy = osp.join(cfg.work_dir, osp.basename(config_path))
    if not osp.isfile(copy):
        return
    phases = [(run.get('model') or {}).get('phases') for run in (cfg, Config.fromfile(copy))]
    if phases[0] != phases[1]:
        raise UserError(
            f'{cfg.work_dir} holds a run with other phases than {config_path}; give this one a folder of its own '
            'with --work-dir.'
        )


def set_resume(cfg: 'Config', resume: str | None) -> None:
    """Set what ``--resume`` asks for.

    Args:
        cfg: Changed in place.
        resume: None leaves the config as it is; 'auto' takes the latest checkpoint of the
            work_dir, if there is one; else the checkpoint to go on from.
    """
    if resume is None:
        return
    cfg.resume = True
    cfg.load_from = None if resume == 'auto' else resume


def set_seed(cfg: 'Config', seed: int | None) -> None:
    """Set the seed and keep the other settings of ``randomness``."""
    if seed is not None:
        cfg.setdefault('randomness', {})
        cfg.randomness = {**(cfg.randomness or {}), 'seed': seed}


# ------------------------------------------------------------------------------------------- runs


def optim_wrappers(cfg: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the optimizer wrappers of a config, each with its key.

    Args:
        cfg: The whole config. ``optim_wrapper`` is one wrapper, or one a child network beside
            settings such as ``constructor``.

    Yields:
        Key such as ``'optim_wrapper.sr_net'`` and that wrapper's config, which can be changed.
    """
    wrapper = cfg.get('optim_wrapper') or {}
    if 'optimizer' in wrapper:
        yield 'optim_wrapper', wrapper
        return
    for name, value in wrapper.items():
        if isinstance(value, dict):
            yield f'optim_wrapper.{name}', value


def check_scheduler_names(cfg: 'Config') -> None:
    """Check that schedulers given by name belong to the optimizers given by name.

    mmengine answers a missing name with a bare ``KeyError`` and ignores a surplus one.

    Args:
        cfg: The config; a list of schedulers, which applies to every optimizer, is fine.

    Raises:
        UserError: The names differ.
    """
    schedulers = cfg.get('param_scheduler')
    if not isinstance(schedulers, Mapping) or 'type' in schedulers or not schedulers:
        return
    names = sorted(name.rpartition('.')[2] for name, _ in optim_wrappers(cfg))
    if sorted(schedulers) != names:
        raise UserError(
            f'param_scheduler configures {sorted(schedulers)}, optim_wrapper {names}; give each '
            'trained network its own list of schedulers, or one list for all.'
        )


def enable_amp(cfg: 'Config') -> None:
    """Turn each optimizer wrapper of a config into its mixed-precision counterpart.

    Args:
        cfg: Changed in place: type AmpOptimWrapper, dynamic loss scale (a loss scale that is set
            is kept).

    Raises:
        UserError: No accelerator, no optimizer, or a wrapper that has no such counterpart.
    """
    if not has_accelerator():
        raise UserError(
            '--amp needs an accelerator (CUDA, NPU, MLU or MUSA) and torch sees none here; '
            'leave --amp out to train in float32.'
        )
    wrappers = list(optim_wrappers(cfg))
    if not wrappers:
        raise UserError('--amp finds no optimizer in optim_wrapper of the config; add one.')
    for where, wrapper in wrappers:
        kind = wrapper.get('type', 'OptimWrapper')
        name = kind.split('.')[-1] if isinstance(kind, str) else kind.__name__
        if name not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise UserError(
                f'--amp cannot change {where}.type={name}, only OptimWrapper; set its mixed '
                'precision in the config.'
            )
        wrapper['type'] = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


def enable_auto_scale_lr(cfg: 'Config') -> None:
    """Have mmengine scale every learning rate by actual / base batch size.

    Args:
        cfg: Changed in place.

    Raises:
        UserError: The config does not say for which batch size its learning rates are.
    """
    settings = cfg.get('auto_scale_lr')
    if not isinstance(settings, Mapping) or not isinstance(settings.get('base_batch_size'), int):
        raise UserError(
            '--auto-scale-lr needs the batch size that the learning rates are meant for, and '
            f'auto_scale_lr={settings!r} names none; add auto_scale_lr=dict(base_batch_size=16).'
        )
    cfg.auto_scale_lr.enable = True


def join_processes_on_cpu(cfg: 'Config') -> None:
    """Join the processes of torchrun through gloo where there is no accelerator.

    mmengine's own set-up takes a CUDA device for each process whatever the backend; it leaves
    processes alone that have already joined.

    Args:
        cfg: The config with its ``launcher``. Changed in place: ``env_cfg.dist_cfg.backend`` is
            set to gloo (``timeout``, in seconds, holds), and the model wrapper gets no device.
    """
    if cfg.get('launcher', 'none') != 'pytorch' or has_accelerator():
        return
    import torch

    cfg.setdefault('env_cfg', {})
    cfg.env_cfg.setdefault('dist_cfg', {})
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    timeout = cfg.env_cfg.dist_cfg.get('timeout')
    torch.distributed.init_process_group(
        'gloo', timeout=None if timeout is None else datetime.timedelta(seconds=timeout)
    )
    # The Runner would tell the wrapper that this process owns the CUDA device of its number.
    if cfg.get('model_wrapper_cfg') is None:
        find_unused = cfg.get('find_unused_parameters', False)
        cfg.model_wrapper_cfg = {'find_unused_parameters': find_unused, 'broadcast_buffers': False}
    cfg.model_wrapper_cfg.device_ids = None


def has_accelerator() -> bool:
    """Whether torch can compute on something other than the CPU in mixed precision."""
    from mmengine.device import get_device

    return get_device() not in ('cpu', 'mps')


def set_show_dir(cfg: 'Config', show_dir: str | None) -> None:
    """Have the test images drawn: LR, upsampled, SR and HR beside each other, with predictions.

    Args:
        cfg: Changed in place: ``custom_hooks`` gets an SRVisualizationHook, or the one there is
            set to this folder.
        show_dir: Folder of the pictures; None draws nothing.
    """
    if show_dir is None:
        return
    hooks = list(cfg.get('custom_hooks') or [])
    drawing = [hook for hook in hooks if str(hook.get('type')).endswith('SRVisualizationHook')]
    if not drawing:
        # All images, as --show-dir does elsewhere in OpenMMLab.
        drawing = [{'type': 'sr4ir_mm.SRVisualizationHook', 'max_images': None}]
        hooks += drawing
    drawing[0].update(draw_test=True, out_dir=show_dir)
    cfg.custom_hooks = hooks


def build_runner(cfg: 'Config') -> 'Runner':
    """Build the Runner of a config, or the class that its ``runner_type`` names."""
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def check_on_first_process(check: Callable[[], None]) -> None:
    """Run a check in one process a machine; the others meet its failure at the first barrier."""
    if os.getenv('LOCAL_RANK', '0') == '0':
        check()
