"""Check model-zoo configs behind an SR network: python tools/analysis_tools/zoo_sweep.py --configs FILE [options].

Each config is wrapped as tools/wrap_config.py does it, built with its real architecture, trained for one step and
evaluated for one step on generated samples, in a process of its own.
"""

import argparse
import json
import multiprocessing
import os
import os.path as osp
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.pages import write_part
from sr4ir_mm.utils.track import track

DEFAULT_METHOD = 'sr4ir'
DEFAULT_LIST = osp.join(osp.dirname(osp.abspath(__file__)), 'zoo_configs.txt')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Check zoo configs behind an SR network')
    parser.add_argument(
        '--configs', default=DEFAULT_LIST, metavar='FILE', help='one config a line, # for comments'
    )
    parser.add_argument('--size', type=int, default=128, help='side of the generated images, px')
    parser.add_argument('--jobs', type=int, default=1, help='configs at a time')
    parser.add_argument('--time-limit', type=int, default=600, help='seconds a config')
    parser.add_argument('--method', default=DEFAULT_METHOD, help='as for tools/wrap_config.py')
    parser.add_argument(
        '--results',
        metavar='FILE.json',
        help='keep results here, and do not run again what passed there',
    )
    parser.add_argument('--out', metavar='FILE.md', help='write the table to this page')
    return parser.parse_args()


def read_list(path: str) -> list[str]:
    """Configs of a list file.

    Raises:
        UserError: The file is missing or empty.
    """
    if not osp.isfile(path):
        raise UserError(f'--configs {path} does not exist; give a file with one config a line.')
    with open(path, encoding='utf-8') as file:
        lines = [line.partition('#')[0].strip() for line in file]
    configs = [line for line in lines if line]
    if not configs:
        raise UserError(
            f'--configs {path} names no config; write one a line, such as mmdet::retinanet/....py.'
        )
    return configs


def preload() -> None:
    """Import the libraries once, so that the forked processes need not."""
    import importlib

    import torch

    torch.set_num_threads(1)
    for name in (
        'mmdet.models',
        'mmseg.models',
        'mmpretrain.models',
        'mmagic.models',
        'sr4ir_mm.testing.zoo',
    ):
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f'warning: {name} cannot be imported ({error})', file=sys.stderr)


def _work(pipe: Any, config: str, size: int, method: str) -> None:
    from mmengine.logging import MMLogger

    from sr4ir_mm.testing.zoo import check_zoo_config

    sys.stdout = sys.stderr = open(os.devnull, 'w')  # noqa: SIM115
    os.dup2(sys.stdout.fileno(), 1)
    os.dup2(sys.stdout.fileno(), 2)
    MMLogger.get_instance('sweep', log_level='ERROR')
    pipe.send(json.dumps(asdict(check_zoo_config(config, size, method=method))))
    pipe.close()


class Job:
    """One config in a process of its own."""

    def __init__(self, config: str, args: argparse.Namespace) -> None:
        context = multiprocessing.get_context('fork')
        self.config, self.limit, self.start = config, args.time_limit, time.time()
        self.receiver, sender = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(sender, config, args.size, args.method))
        self.process.start()
        sender.close()

    def poll(self) -> dict | None:
        """The result, if there is one."""
        if self.receiver.poll(0.1):
            try:
                result = json.loads(self.receiver.recv())
            except EOFError:
                result = self._failed(None)
            self.process.join()
            return result
        if time.time() - self.start > self.limit:
            self.process.kill()
            self.process.join()
            return self._failed(f'longer than {self.limit} s')
        return None

    def _failed(self, problem: str | None) -> dict:
        self.process.join()
        code = self.process.exitcode
        if problem is None:
            name = (
                signal.Signals(-code).name if code is not None and code < 0 else f'exit code {code}'
            )
            problem = f'the process died ({name})'
        return dict(
            config=self.config, model='', layers=[], parameters=0.0, size=0,
            seconds=time.time() - self.start, problem=problem,
        )  # fmt: skip


def sweep(configs: list[str], args: argparse.Namespace) -> Iterator[dict]:
    """Results as they come, at most ``args.jobs`` at a time."""
    waiting, running = list(configs), []
    while waiting or running:
        while waiting and len(running) < max(args.jobs, 1):
            running.append(Job(waiting.pop(0), args))
        for job in list(running):
            result = job.poll()
            if result is not None:
                running.remove(job)
                yield result


def read_results(path: str | None, configs: list[str]) -> dict[str, dict]:
    """Results of an earlier, perhaps interrupted, run that passed and are asked for now, by config."""
    if path is None or not osp.isfile(path):
        return {}
    with open(path, encoding='utf-8') as file:
        earlier = json.load(file)
    return {r['config']: r for r in earlier if not r['problem'] and r['config'] in configs}


def write_results(path: str | None, results: list[dict]) -> None:
    """Write results, if a file was named."""
    if path is not None:
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(results, file, indent=1)


def table(results: list[dict]) -> str:
    """The results as a Markdown table."""
    rows = [
        '| config | model | parameters | TDP features | image | time | result |',
        '|---|---|---|---|---|---|---|',
    ]
    for r in results:
        layers = ', '.join(f'`{layer}`' for layer in r['layers'])
        problem = r['problem'].replace('|', '/')
        rows.append(
            f'| `{r["config"]}` | {r["model"]} | {r["parameters"]:.1f} M | {layers} | {r["size"]} px | '
            f'{r["seconds"]:.0f} s | {problem or "passed"} |'
        )
    return '\n'.join(rows)


def summary(results: list[dict]) -> str:
    """``N of M passed``."""
    return f'{sum(not r["problem"] for r in results)} of {len(results)} passed'


def write_page(path: str, results: list[dict], args: argparse.Namespace) -> None:
    """Write the table between the method's two markers of a page, or a page of its own."""
    command = f'python tools/analysis_tools/zoo_sweep.py --configs {osp.relpath(args.configs)} --size {args.size}'
    part = 'zoo_sweep'
    if args.method != DEFAULT_METHOD:
        command, part = f'{command} --method {args.method}', f'{part}_{args.method}'
    body = f'`{command}`: {summary(results)}.\n\n{table(results)}'
    write_part(path, part, body, title='Zoo sweep')


def main() -> None:
    """Sweep, print the table and the count, exit with 1 if any config failed."""
    args = parse_args()
    configs = read_list(args.configs)
    passed = read_results(args.results, configs)
    results = list(passed.values())
    waiting = [config for config in configs if config not in passed]
    if waiting:
        preload()
    for result in track(sweep(waiting, args), 'configs', len(waiting)):
        results.append(result)
        write_results(args.results, results)
        outcome = f'{result["problem"] or "passed"} ({result["seconds"]:.0f} s)'
        print(f'[{len(results)}/{len(configs)}] {result["config"]}: {outcome}', flush=True)
    results.sort(key=lambda result: configs.index(result['config']))
    print(table(results))
    print(summary(results))
    if args.out:
        write_page(args.out, results, args)
    sys.exit(0 if all(not result['problem'] for result in results) else 1)


if __name__ == '__main__':
    cli.run(main)
