"""What a config builds: the name of its ``type``, however that is written."""

from __future__ import annotations

from collections.abc import Mapping


def class_name(settings: object) -> str:
    """Name of the class that a config builds, without the prefix of its library.

    Args:
        settings: A config with ``type``, or that ``type`` alone: a text such as ``'mmdet.RetinaNet'``, or the class or
            function itself, as configs in pure Python have it.

    Returns:
        The name, '' where there is none.
    """
    kind = settings.get('type') if isinstance(settings, Mapping) else settings
    return kind.rpartition('.')[2] if isinstance(kind, str) else getattr(kind, '__name__', '')
