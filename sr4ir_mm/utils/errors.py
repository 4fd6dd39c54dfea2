"""Errors that are the user's to solve, and the one way the package reports them."""


class UserError(Exception):
    """A mistake in the user's config, data or command line, told in one sentence.

    Raise it where something outside the code is wrong: a missing file, a wrong key, two settings
    that contradict each other. The tools print its message alone (no traceback) on stderr and exit
    with code 2; with ``SR4IR_DEBUG=1`` they show the traceback as well.

    The message is one sentence. It names the bad value, what was expected and the next step.

    Example:
        >>> raise UserError('scale=3 does not divide the crop of 64 px; choose another.')
        Traceback (most recent call last):
        sr4ir_mm.utils.errors.UserError: scale=3 does not divide the crop of 64 px; choose another.
    """
