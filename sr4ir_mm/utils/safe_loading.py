"""Reading checkpoints without running what a pickle asks for.

A checkpoint is a pickle, and a pickle can call any function. Tensors, arrays and what mmengine keeps beside them are
let in; anything else is refused by name, unless the user trusts the file (``--trust-checkpoint``).
"""

from __future__ import annotations

import os
import pickle
import re
from types import SimpleNamespace
from typing import Any

from sr4ir_mm.utils.errors import UserError

#: Set to 1 by ``--trust-checkpoint``; an environment variable reaches every process of a run.
TRUST = 'SR4IR_TRUST_CHECKPOINT'

_ALLOWED = re.compile(
    '|'.join(
        (
            r'torch\.(\w*Storage|Size|Tensor|device|dtype|\w*float\d*\w*|u?int\d+|bool|half|double|long)',
            r'torch\._utils\._rebuild_(tensor|tensor_v2|parameter|parameter_with_state|qtensor|sparse_tensor)',
            r'torch\._tensor\._rebuild_from_type_v2',
            r'torch\.nn\.parameter\.(Parameter|Buffer)',
            r'torch\.(storage\.(Typed|Untyped)Storage|serialization\._get_layout)',
            r'torch\.Generator',
            r'collections\.(OrderedDict|defaultdict|deque|Counter)',
            r'(builtins|__builtin__)\.(bool|int|float|complex|str|bytes|bytearray|list|tuple|dict|set|frozenset|slice|range)',
            r'numpy\.(_?core)\.multiarray\.(_reconstruct|scalar)',
            r'numpy\.core\.numeric\._frombuffer|numpy\._core\.numeric\._frombuffer',
            r'numpy\.(ndarray|dtype|bool_|u?int\d+|float\d+)|numpy\.dtypes\.\w+DType',
            r'_codecs\.encode',
            r'copyreg\._reconstructor',
            r'datetime\.(datetime|date|timedelta|timezone)',
            r'pathlib\.(Pure)?(Posix|Windows)?Path',
            r'mmengine\.logging\.history_buffer\.HistoryBuffer',
            r'mmengine\.config\.config\.(ConfigDict|Config)|mmcv\.utils\.config\.(ConfigDict|Config)',
            r'addict\.addict\.Dict',
        )
    )
)


class _Unpickler(pickle.Unpickler):
    """Finds what is known to be harmless alone."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (('builtins', 'getattr'), ('__builtin__', 'getattr')):
            return _method_of_history
        if not _ALLOWED.fullmatch(f'{module}.{name}'):
            raise pickle.UnpicklingError(f'it asks for {module}.{name}')
        return super().find_class(module, name)


def _method_of_history(owner: Any, name: str) -> Any:
    """In place of ``getattr``, with which mmengine's buffers of log values name their own statistics."""
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer and not isinstance(owner, HistoryBuffer):
        raise pickle.UnpicklingError(f'it asks for getattr({owner!r}, {name!r})')
    return getattr(owner, name)


#: What ``torch.load`` takes in place of the pickle module.
_PICKLE = SimpleNamespace(
    __name__=__name__,
    Unpickler=_Unpickler,
    load=lambda file, **options: _Unpickler(file, **options).load(),
)


def load_local(filename: str, map_location: Any = None) -> Any:
    """Read a checkpoint from a local file; mmengine's loader of paths is replaced by this.

    Args:
        filename: The file.
        map_location: As ``torch.load`` takes it.

    Raises:
        FileNotFoundError: There is no such file.
        UserError: The file asks for more than tensors, arrays and mmengine's own, and is not trusted.
    """
    import torch

    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'{path} can not be found.')
    if os.getenv(TRUST) == '1':
        return torch.load(path, map_location=map_location, weights_only=False)
    try:
        return torch.load(
            path, map_location=map_location, pickle_module=_PICKLE, weights_only=False
        )
    except pickle.UnpicklingError as error:
        if 'asks for' not in str(error):
            raise
        raise UserError(
            f'{path} is no plain file of weights: {error}, which could run any code; take weights from a source that '
            'you trust and add --trust-checkpoint, or save their state dict alone.'
        ) from error


def replace_mmengines_loader() -> None:
    """Have mmengine read local files with :func:`load_local`."""
    from mmengine.runner import CheckpointLoader

    CheckpointLoader.register_scheme('', load_local, force=True)
