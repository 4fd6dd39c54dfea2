"""mmengine's global state between runs of one process."""

from __future__ import annotations

from collections.abc import Iterator

from mmengine.utils import ManagerMixin


def forget_globals() -> None:
    """Drop every instance that mmengine keeps by name: loggers, message hubs, visualizers, default scopes."""
    for manager in _managers():
        for instance in list(manager._instance_dict.values()):
            # Loggers and visualizers hold files open, in folders that may be gone later.
            for handler in list(getattr(instance, 'handlers', [])):
                handler.close()
        manager._instance_dict.clear()


def _managers() -> Iterator[type[ManagerMixin]]:
    """Yield every class whose instances are global: DefaultScope, MessageHub, MMLogger, ..."""
    waiting = [ManagerMixin]
    while waiting:
        manager = waiting.pop()
        waiting += manager.__subclasses__()
        yield manager
