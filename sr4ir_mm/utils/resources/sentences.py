"""What the pre-flight check says in each case."""

from __future__ import annotations

#: Where a config that brings no text of its own (``data_help``, ``weights_help``) sends its user.
GUIDE = 'see docs/prepare_data.md'


def sentence(fact: str, advice: str) -> str:
    """Join what is wrong and what to do into one sentence that ends in a full stop."""
    return f'{fact}; {advice.strip().rstrip(".")}.'
