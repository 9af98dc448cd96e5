"""Hooks that several registers share.

A hook is a method with the name of its register (:mod:`kerneltui.hw.register` says how).  Where
registers behave alike, one method can serve them all::

    @shared_hook("write", "GICD_CTLR", "GICD_IGROUPR0")
    def _configuration_written(self, index, cpu, value): ...

    @variant_hook("peek", ("CNTP_TVAL_EL0", "CNTV_TVAL_EL0"))
    def _time_to_go(self, which, index, cpu): ...

A variant's method is told which of the registers it is: its place in the tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partialmethod
from itertools import islice
from typing import Any, Literal, TypeVar, cast, get_args

Kind = Literal["peek", "read", "write"]
Owner = TypeVar("Owner")
Method = TypeVar("Method", bound=Callable[..., Any])


class _Hooks:
    """A method on its way into its class, with the hooks that it is to be there."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method
        self.hooks: dict[str, Callable[..., Any] | partialmethod[Any]] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        setattr(owner, name, self.method)
        for hook, served in self.hooks.items():
            if hook in vars(owner):
                raise TypeError(f"{owner.__name__}.{hook} is there twice")
            setattr(owner, hook, served)


def _collect(method: Callable[..., Any] | _Hooks) -> _Hooks:
    return method if isinstance(method, _Hooks) else _Hooks(method)


def shared_hook(kind: Kind, *registers: str) -> Callable[[Method], Method]:
    """The method is the hook of each of the registers; it need not know of which."""

    def decorate(method: Method) -> Method:
        made = _collect(method)
        for register in registers:
            made.hooks[f"{kind}_{register}"] = made.method
        return cast("Method", made)

    return decorate


def renamed_hooks(names: Mapping[str, str]) -> Callable[[type[Owner]], type[Owner]]:
    """The hooks that a class inherits serve other registers: old stem -> new stem."""

    def decorate(cls: type[Owner]) -> type[Owner]:
        for old, new in names.items():
            for kind in get_args(Kind):
                name = f"{kind}_{old}"
                found = (vars(base)[name] for base in cls.__mro__ if name in vars(base))
                for hook in islice(found, 1):
                    setattr(cls, f"{kind}_{new}", hook)
        return cls

    return decorate


def variant_hook(kind: Kind, *families: Iterable[str]) -> Callable[[Method], Method]:
    """The method serves each register of each family, and is told first its place there."""

    def decorate(method: Method) -> Method:
        made = _collect(method)
        for family in families:
            for place, register in enumerate(family):
                made.hooks[f"{kind}_{register}"] = partialmethod(made.method, place)
        return cast("Method", made)

    return decorate
