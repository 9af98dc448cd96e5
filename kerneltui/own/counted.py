"""A driver's code, made ready to be counted: each turn of a loop, each call of a function.

Lines stay what they are, so frames, breakpoints and the source on show fit the person's file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeVar

TURN, LET_THROUGH = "__kerneltui_turn__", "__kerneltui_let_through__"
"""What is called at a turn, and at the beginning of an ``except``."""
Function = TypeVar("Function", ast.FunctionDef, ast.AsyncFunctionDef)
Loop = TypeVar("Loop", ast.While, ast.For, ast.AsyncFor)


def counted(tree: ast.Module) -> ast.Module:
    """The same program, which counts."""
    changed: ast.Module = _Counting().visit(tree)
    return ast.fix_missing_locations(changed)


class _Counting(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._loop(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self._loop(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs.insert(0, _call(TURN, node.target))
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """What ends a run from outside is nobody's to catch."""
        self.generic_visit(node)
        node.body.insert(0, ast.copy_location(ast.Expr(_call(LET_THROUGH, node)), node))
        return node

    def _function(self, node: Function) -> Function:
        self.generic_visit(node)
        at = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(at, _statement(node))
        return node

    def _loop(self, node: Loop) -> Loop:
        self.generic_visit(node)
        node.body.insert(0, _statement(node))
        return node


def _statement(node: ast.stmt) -> ast.Expr:
    return ast.copy_location(ast.Expr(_call(TURN, node)), node)


def _call(name: str, node: ast.AST) -> ast.Call:
    call = ast.Call(ast.Name(name, ast.Load()), [], [])
    return ast.copy_location(call, node)


def stored_attributes(node: ast.ClassDef) -> list[str]:
    """The attributes that a class's code sets, of ``self`` or of others, also in inner functions.

    Without those that the class has a property for: to read these would execute it.
    """
    found = {
        item.attr
        for item in ast.walk(node)
        if isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Store)
    }
    return sorted(found - set(_functions(node.body)))


def _functions(body: Iterable[ast.stmt]) -> Iterable[str]:
    return (item.name for item in body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))
