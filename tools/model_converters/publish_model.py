"""Make a checkpoint small and safe to hand out: weights, class names, its config, and part of its hash in its name.

python tools/model_converters/publish_model.py work_dirs/x/epoch_12.pth demo/weights/sr4ir_x4_cards.pth --half
"""

import argparse
import hashlib
from pathlib import Path
from typing import Any

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError

_HASH_DIGITS = 8


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Strip a checkpoint for publication')
    parser.add_argument('source', type=Path, help='checkpoint of a training')
    parser.add_argument('target', type=Path, help='file to write; -<hash> is added to its name')
    parser.add_argument('--config', help='config file, for a checkpoint that does not hold its own')
    parser.add_argument('--half', action='store_true', help='store weights in 16 bits')
    parser.add_argument(
        '--net', help='keep the weights of this network alone, such as sr_net, to start others from'
    )
    cli.add_trust_option(parser)
    return parser.parse_args()


def main() -> None:
    """Strip, write, tell the name."""
    args = parse_args()
    path = publish(args.source, args.target, args.half, args.config, args.net)
    print(f'{path} ({path.stat().st_size / 2**20:.2f} MB)')


def publish(
    source: Path,
    target: Path,
    half: bool = False,
    config: str | None = None,
    net: str | None = None,
) -> Path:
    """Write the weights, the class names and the config of a checkpoint.

    Args:
        source: Checkpoint of a training.
        target: File to write; a dash and the first digits of its SHA-256 are added before the suffix.
        half: Store floating-point weights as float16; loading turns them back.
        config: Config file; by default the config that the checkpoint holds.
        net: The network whose weights are kept, for ``init_from``; by default all of them are.

    Returns:
        The file written.

    Raises:
        UserError: The source is missing, holds no weights or none of that network, or there is no config.
    """
    import torch

    from sr4ir_mm.apis.checkpoints import as_config, config_in, config_text
    from sr4ir_mm.utils.safe_loading import load_local

    if not source.is_file():
        raise UserError(f'{source} does not exist; give the checkpoint of a finished training.')
    checkpoint = load_local(str(source), 'cpu')
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise UserError(f'{source} has no state_dict; give a checkpoint that tools/train.py wrote.')
    weights = {
        name: shrink(value, half)
        for name, value in checkpoint['state_dict'].items()
        if net is None or name.startswith(f'{net}.')
    }
    if not weights:
        nets = sorted({name.partition('.')[0] for name in checkpoint['state_dict']})
        raise UserError(f'{source} has no network {net!r}; choose one of {", ".join(nets)}.')
    cfg = as_config(config) if config else config_in(checkpoint, str(source))
    names = plain(checkpoint.get('meta', {}).get('dataset_meta') or {})
    meta = {'dataset_meta': names, 'cfg': config_text(cfg)}
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix('.part')
    torch.save({'meta': meta, 'state_dict': weights}, part)
    digest = hashlib.sha256(part.read_bytes()).hexdigest()[:_HASH_DIGITS]
    return part.rename(target.with_name(f'{target.stem}-{digest}{target.suffix}'))


def shrink(value: Any, half: bool) -> Any:
    """A tensor without what it shares its storage with, in 16 bits if asked for and if these reach as far."""
    if half and value.is_floating_point():
        small = value.half().contiguous()
        if bool((small.isfinite() == value.isfinite()).all()):
            return small
    return value.clone().contiguous()


def plain(dataset_meta: dict) -> dict:
    """Names and colours of the classes, in types that torch loads with ``weights_only``."""
    return {
        key: [list(item) if isinstance(item, tuple) else item for item in value]
        for key, value in dataset_meta.items()
        if key in ('classes', 'palette') and value is not None
    }


if __name__ == '__main__':
    cli.run(main)
