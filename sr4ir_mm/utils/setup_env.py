"""Registering everything at once, for scripts that build from a registry without a config."""

import importlib

PACKAGES = ('datasets', 'engine', 'evaluation', 'models', 'visualization')


def register_all_modules(init_default_scope: bool = False) -> None:
    """Import every package of sr4ir_mm, so that its registries are full.

    A config needs no call of this: its ``sr4ir_mm.`` prefixes lead the registries to the modules.
    Scripts that list the registries, or build by plain names, do.

    Args:
        init_default_scope: Whether to make ``sr4ir_mm`` the default scope. Defaults to False,
            unlike elsewhere in OpenMMLab: the default scope of a config here is the library of the
            task network, whose own parts are looked up without prefix.
    """
    for package in PACKAGES:
        importlib.import_module(f'sr4ir_mm.{package}')
    if init_default_scope:
        from mmengine.registry import DefaultScope
        from mmengine.registry import init_default_scope as set_default_scope

        current = DefaultScope.get_current_instance()
        if current is None or current.scope_name != 'sr4ir_mm':
            set_default_scope('sr4ir_mm')
