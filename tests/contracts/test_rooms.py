"""The rooms of the package: who may import whom."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'sr4ir_mm'
#: Folders below ``models`` are rooms of their own; elsewhere the folder of the first level is one.
DEEP = 'models'


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


MODULES = {module_name(path): path for path in PACKAGE.rglob('*.py') if '.mim' not in path.parts}


def imports(path: Path) -> set[str]:
    """Modules of the package that a file names in an import, those for type checking and inside functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f'{node.module}.{alias.name}' for alias in node.names}
            found.update(names & set(MODULES) or {node.module})
    return {name for name in found if name in MODULES}


def room(module: str) -> str:
    parts = module.split('.')[1:]
    if not parts or (len(parts) == 1 and not (PACKAGE / parts[0]).is_dir()):
        return 'root'
    is_room = len(parts) > 1 and parts[0] == DEEP and (PACKAGE / DEEP / parts[1]).is_dir()
    return '.'.join(parts[: 2 if is_room else 1])


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Some circle of a graph, empty if there is none."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph[node]):
            circle = visit(following, [*path, node])
            if circle:
                return circle
        done.add(node)
        return []

    for node in sorted(graph):
        circle = visit(node, [])
        if circle:
            return circle
    return []


def test_modules_import_each_other_in_no_circle():
    assert (
        find_circle(
            defaultdict(set, {name: imports(path) - {name} for name, path in MODULES.items()})
        )
        == []
    )


def test_rooms_import_each_other_in_no_circle():
    graph: dict[str, set[str]] = defaultdict(set)
    for name, path in MODULES.items():
        graph[room(name)] |= {room(other) for other in imports(path)} - {room(name), 'root'}
    assert find_circle(graph) == []


def test_a_circle_would_be_found():
    assert find_circle(defaultdict(set, a={'b'}, b={'c'}, c={'a'})) == ['a', 'b', 'c', 'a']


@pytest.mark.parametrize(
    'name', sorted(n for n, path in MODULES.items() if path.name == '__init__.py')
)
def test_every_room_says_what_lives_there_and_what_it_imports(name):
    doc = ast.get_docstring(ast.parse(MODULES[name].read_text()))
    assert len([line for line in doc.splitlines() if line.strip()]) >= 2
    assert 'import' in doc.lower()


def test_the_algorithm_is_one_short_file():
    text = (PACKAGE / 'models' / 'task_driven_sr.py').read_text()
    assert len(text.splitlines()) < 250


def test_one_file_drives_the_optimizers():
    """Outside the optimizers' own room nobody else enters their context or updates them."""
    drivers = [
        name
        for name, path in MODULES.items()
        if room(name) != 'engine'
        and ('optim_wrapper.context(' in path.read_text() or '.backward(' in path.read_text())
    ]
    assert drivers == ['sr4ir_mm.models.task_driven_sr']


def test_the_package_knows_nothing_of_its_projects():
    for path in MODULES.values():
        text = path.read_text()
        assert 'projects/' not in text, path
        assert 'from projects' not in text, path
