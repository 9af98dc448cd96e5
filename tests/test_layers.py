"""What imports what: no circles, and no Textual below the dashboard."""

import ast
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

import kerneltui

WALK = """
import importlib, pathlib, sys
import kerneltui
root = pathlib.Path(kerneltui.__file__).parent
parts = [f.relative_to(root).with_suffix("").parts for f in sorted(root.rglob("*.py"))]
names = [".".join(("kerneltui", *p)).removesuffix(".__init__") for p in parts
         if p[0] not in ("tui", "cli", "__main__")]
for name in names:
    importlib.import_module(name)
print(len(names))
print(*sorted({n.partition(".")[0] for n in sys.modules} & {"textual", "rich"}))
"""


def python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def test_importing_everything_below_the_dashboard_imports_no_textual():
    count, found, *_ = python(WALK)
    assert int(count) > 50
    assert found == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"], ["--help"], ["boards"], ["run", "--until", "10ms"],
        ["validate", "/nowhere.yaml"], ["schema", "board"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_commands_without_a_screen_start_without_textual(arguments):
    lines = python(
        "import sys\n"
        "from kerneltui.cli import run\n"
        f"status = run({arguments!r})\n"
        "print()\n"
        "print('textual' in sys.modules, 'rich' in sys.modules)\n"
    )
    assert lines[-2] == "False False"


def test_the_kernel_and_the_devices_are_imported_only_when_a_command_needs_them():
    lines = python(
        "import sys\n"
        "from kerneltui.cli import run\n"
        "run(['--version'])\n"
        "print('greenlet' in sys.modules, 'kerneltui.devices' in sys.modules)\n"
    )
    assert lines[-2] == "False False"


# -- circles --------------------------------------------------------------------------------------


def modules():
    """The source of every file, by module."""
    root = Path(kerneltui.__file__).parent
    found = {}
    for file in sorted(root.rglob("*.py")):
        parts = ("kerneltui", *file.relative_to(root).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = file.read_text(encoding="utf-8")
    return found


def imports(sources):
    """What each file imports of the others, for its types and inside functions too."""
    found = {}
    for name, source in sources.items():
        wanted = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                wanted |= {item.name for item in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name} has a relative import"
                parts = {f"{node.module}.{item.name}" for item in node.names}
                known = parts & set(sources)
                wanted |= known if known == parts else known | {node.module}
        found[name] = (wanted & set(sources)) - {name}
    return found


def circles(graph):
    """The strongly connected components of more than one node (Tarjan, 1972)."""
    numbers, lowest, stack, found = {}, {}, [], []
    numbering = count()

    def visit(node):
        numbers[node] = lowest[node] = next(numbering)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in numbers:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], numbers[other])
        if lowest[node] == numbers[node]:
            at = stack.index(node)
            circle = stack[at:]
            del stack[at:]
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in sorted(graph):
        if node not in numbers:
            visit(node)
    return found


def test_circles_are_found_whoever_begins_and_however_they_import():
    sources = {
        "a": "import b", "b": "def f():\n    from c import x",
        "c": "if TYPE_CHECKING:\n    from p import a, d", "p": "", "p.a": "import a",
        "p.d": "import e", "e": "import f", "f": "import e", "g": "import a, e, os, g",
    }  # fmt: skip
    graph = imports(sources)
    assert graph["c"] == {"p.a", "p.d"}
    assert graph["g"] == {"a", "e"}
    assert circles(graph) == [["e", "f"], ["a", "b", "c", "p.a"]]


def test_no_two_files_import_each_other():
    found = circles(imports(modules()))
    assert found == [], "circles of imports: " + "; ".join(" - ".join(circle) for circle in found)


# -- names ----------------------------------------------------------------------------------------

SIBLINGS = {
    "Config": "kerneltui.devices.",  # the parameters of each chip
    "Interrupts": "kerneltui.devices.",  # of each UART
    "SyscallEntry": "kerneltui.kernel.arch.",
    "Vectors": "kerneltui.kernel.arch.",
}
"""Classes that each of several like files has, and nobody confuses; and where those files are."""


def test_a_class_name_stands_for_one_thing():
    found = {}
    for module, source in modules().items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(module)
    twice = {name: places for name, places in found.items() if len(places) > 1}
    assert set(twice) >= set(SIBLINGS)
    for name, places in twice.items():
        place = SIBLINGS.get(name)
        assert place, f"'{name}' is the name of several classes: {', '.join(places)}"
        assert all(module.startswith(place) for module in places), f"{name}: {places}"
