"""The tools by name, from any folder: python -m sr4ir_mm train|test|predict|wrap|... ARGUMENTS."""

import runpy
import sys
from pathlib import Path

#: Command -> tool, below the folder that a clone and a wheel carry.
COMMANDS = {
    'train': 'train.py',
    'test': 'test.py',
    'predict': 'predict.py',
    'wrap': 'wrap_config.py',
    'report': 'analysis_tools/report.py',
    'reproduce': 'reproduce.py',
    'export': 'deployment/export.py',
    'publish': 'model_converters/publish_model.py',
    'sample': 'dataset_converters/make_sample.py',
}
TOOLS = Path(__file__).resolve().parent / '.mim' / 'tools'


def main() -> None:
    """Run the tool that the first argument names with the others."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in COMMANDS:
        asked_for_help = arguments[:1] in (['-h'], ['--help'])
        stream = sys.stdout if asked_for_help else sys.stderr
        print(f'usage: python -m sr4ir_mm {{{",".join(COMMANDS)}}} ...', file=stream)
        print('each command takes --help', file=stream)
        raise SystemExit(0 if asked_for_help else 2)
    # Modules of the user's project beside the config are found, as with a script of their own.
    sys.path.insert(0, '')
    sys.argv = arguments
    runpy.run_path(str(TOOLS / COMMANDS[arguments[0]]), run_name='__main__')


if __name__ == '__main__':
    main()
