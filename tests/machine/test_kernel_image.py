"""Addresses of the kernel's code: no two lines share one, whatever was asked for before."""

import importlib
import pkgutil
import sys
from contextlib import contextmanager
from types import CodeType, FunctionType

import kerneltui.kernel
from kerneltui.machine.kernel_image import (
    BASE,
    INSTRUCTION_BYTES,
    SLOTS,
    code_address,
    function_address,
    written_in,
)


def kernel_modules():
    walked = pkgutil.walk_packages(kerneltui.kernel.__path__, "kerneltui.kernel.")
    return [importlib.import_module(module.name) for module in walked]


def functions_in(code):
    """Code of functions; what a module or a class does itself it does before there is a core."""
    for part in code.co_consts:
        if isinstance(part, CodeType):
            if part.co_flags & 1:  # CO_OPTIMIZED: no class body
                yield part
            yield from functions_in(part)


def kernel_functions():
    """Each function of the kernel: its module's name, its code, the code whose lines it has."""
    for module in kernel_modules():
        for code in functions_in(module.__spec__.loader.get_code(module.__name__)):
            if "<locals>" in code.co_qualname or not code.co_qualname.startswith("<"):
                yield module.__name__, code, written_in(code, vars(module))


def lines_of(code):
    return {line for _, _, line in code.co_lines() if line}


def test_no_two_lines_of_the_kernel_have_the_same_address():
    found = {}
    for module, code, outer in kernel_functions():
        at = function_address(module, outer.co_qualname)
        assert min(lines_of(code)) - outer.co_firstlineno >= 0, code.co_qualname
        assert max(lines_of(code)) - outer.co_firstlineno < SLOTS, code.co_qualname
        for line in lines_of(code):
            address = at + (line - outer.co_firstlineno) * INSTRUCTION_BYTES
            assert found.setdefault(address, (module, line)) == (module, line)
    assert len({address // (SLOTS * INSTRUCTION_BYTES) for address in found}) > 500


def test_each_nested_function_of_the_kernel_is_found_in_the_function_around_it():
    nested = [(c, outer) for _, c, outer in kernel_functions() if "<locals>" in c.co_qualname]
    assert len(nested) > 20
    assert {c.co_qualname.partition(".<locals>")[0] == o.co_qualname for c, o in nested} == {True}


def test_files_of_the_kernel_have_names_of_their_own():
    """Their functions' addresses are made from it, and people look for a thing by it."""
    names = [m.__name__.rpartition(".")[2] for m in kernel_modules() if not hasattr(m, "__path__")]
    assert len(names) > 50
    assert sorted(names) == sorted(set(names))


def here():
    return code_address(sys._getframe(1))


def loaded(module, text, **names):
    space = {"__name__": module, "here": here, **names}
    exec(compile(text, "x.py", "exec"), space)
    return space


ONE = "def one():\n    return here()\n"


def test_an_address_tells_neither_the_folder_nor_the_line_of_a_function():
    at_the_top = loaded("kerneltui.kernel.queue", ONE)["one"]()
    assert loaded("kerneltui.kernel.time.queue", ONE)["one"]() == at_the_top
    assert loaded("kerneltui.kernel.time.queue", "\n" * 99 + ONE)["one"]() == at_the_top
    assert at_the_top % (SLOTS * INSTRUCTION_BYTES) == (BASE + 4) % (SLOTS * INSTRUCTION_BYTES)


def test_equal_functions_at_the_same_line_of_two_files_have_addresses_of_their_own():
    first, second = loaded("first", ONE), loaded("second", ONE)
    assert first["one"].__code__ == second["one"].__code__
    assert first["one"]() != second["one"]()


NESTED = """
class Device:
    def method(self):
        a = [here() for _ in range(1)]
        b = [here() for _ in range(1)]
        return *a, *b, (lambda: here())()

    @property
    def state(self):
        x = list(here() for _ in range(1))
        return *x, here()

    @classmethod
    def of_class(cls):
        return (lambda: here())(), here()

    @contextmanager
    def held(self):
        yield (lambda: here())(), here()
"""


def test_nested_functions_have_the_lines_of_the_function_around_them():
    device = loaded("nested", NESTED, contextmanager=contextmanager)["Device"]()
    method = function_address("nested", "Device.method")
    assert device.method() == (method + 4, method + 8, method + 12)
    state = function_address("nested", "Device.state")
    assert device.state == (state + 8, state + 12)  # from the decorator on
    assert len({*device.of_class(), function_address("nested", "Device.of_class") + 8}) == 1
    with device.held() as held:
        assert {*held} == {function_address("nested", "Device.held") + 8}


def test_what_cannot_be_looked_up_has_an_address_of_its_own():
    space = loaded(
        "hidden", "def outer():\n    def inner():\n        return here()\n    return inner\n"
    )
    inner = space.pop("outer")()
    assert isinstance(inner, FunctionType)
    assert inner() == function_address("hidden", "outer.<locals>.inner") + 4
