"""Docstrings flow: no line ends in mid-sentence where the next word would still have fitted by far."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Columns; a formatter fills lines up to 100 or 120, a line broken by hand before this is an accident.
SHORT = 75
#: What ends a line on purpose, or begins an item of a list.
ENDS = ('::', ':', '.', ',', ')', ';')
ITEMS = ('-', '*', '#', '>>>', 'python ', 'bash ')


def broken_lines(source: str) -> list[str]:
    """Short lines of docstrings that go on in the next line, at the same indentation."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            continue
        lines = (ast.get_docstring(node, clean=False) or '').splitlines()
        for line, following in zip(lines, lines[1:], strict=False):
            text, rest = line.strip(), following.strip()
            same = len(line) - len(line.lstrip()) == len(following) - len(following.lstrip())
            if not text or not rest or not same or text.endswith(ENDS) or rest.startswith(ITEMS):
                continue
            if len(line) + 1 + len(rest.split()[0]) < SHORT:
                found.append(text)
    return found


@pytest.mark.parametrize('folder', ['sr4ir_mm', 'tools', 'demo', 'projects'])
def test_no_sentence_is_broken_off(folder):
    broken = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / folder).rglob('*.py')
        if '.mim' not in path.parts
        for lines in [broken_lines(path.read_text())]
        if lines
    }
    assert broken == {}


def test_a_broken_line_would_be_found():
    source = '"""A title.\n\n    This ends here in the middle of\n    its\n    sentence, which goes on.\n    """\n'
    assert broken_lines(source) == ['This ends here in the middle of', 'its']
