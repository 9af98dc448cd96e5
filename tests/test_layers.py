"""What is below the dashboard starts without Textual, in a fresh process."""

import subprocess
import sys

import pytest

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
