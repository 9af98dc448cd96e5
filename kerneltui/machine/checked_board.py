"""A checked board: what a machine is made of, and what scenarios and options change of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import msgspec

from kerneltui.configfile import ConfigFile
from kerneltui.devices import model
from kerneltui.errors import UserError, suggestion
from kerneltui.machine.board_spec import LOCAL_APIC, PC, BoardSpec, ImageSpec
from kerneltui.machine.core import Costs
from kerneltui.machine.x86_cpuid import FEATURES

Store = tuple[int, int]
"""A physical address, and the 32-bit value that is stored there."""


class Board(msgspec.Struct, frozen=True):
    """A checked board; ``file`` gives places in it for errors found later.

    For an image of machine code ``for_image`` is there too, of ``image_file``, and the firmware has
    made these ``stores`` to devices before the first instruction.
    """

    name: str
    spec: BoardSpec
    file: ConfigFile
    for_image: ImageSpec | None = None
    image_file: ConfigFile | None = None
    stores: tuple[Store, ...] = ()

    @property
    def costs(self) -> Costs:
        """Instruction costs, in ns."""
        return Costs(
            **{
                key: int(value)
                for key, value in msgspec.structs.asdict(self.spec.cpu.costs).items()
            }
        )

    def error_of(self, device: str, rest: Sequence[str], said: str) -> UserError:
        """An error of a device, at a key below its name, in the file that has it."""
        is_other = self.for_image is not None and device in self.for_image.devices
        file = self.image_file if is_other and self.image_file is not None else self.file
        return file.error(("devices", device, *rest), said)

    def device_config(self, name: str) -> Any:
        """The parameters of a device, as its model's ``CONFIG``.

        A local APIC is a part of the processor: what they share is told of the processor.
        """
        device = self.spec.devices[name]
        config = model(device.compatible).CONFIG(**device.config)
        if device.compatible == LOCAL_APIC:
            deadline = "tsc-deadline" in self.spec.cpu.features
            config = msgspec.structs.replace(
                config, tsc_hz=self.spec.cpu.tsc_hz, tsc_deadline=deadline
            )
        return config

    # -- changes to a board, as options and scenarios ask for them --------------------------------

    def without(self, name: str) -> Self:
        """The board with one device removed; wires through it go straight on.

        Raises ValueError, in words.
        """
        devices = dict(self.spec.devices)
        if name not in devices:
            raise ValueError(f"no device '{name}' on {self.name}{suggestion(name, devices)}")
        if name == self.spec.console:
            raise ValueError(f"'{name}' is the console: without it nothing could be seen")
        gone = devices.pop(name)
        passes = getattr(model(gone.compatible), "PASSES", {})
        ways = {f"{name} {pin}": gone.targets(output) for pin, output in passes.items()}
        for other, item in devices.items():
            wires = {
                output: [
                    onward
                    for target in item.targets(output)
                    for onward in ways.get(target, [target])
                    if onward.partition(" ")[0] != name
                ]
                for output in item.interrupts
            }
            devices[other] = msgspec.structs.replace(item, interrupts=wires)
        return self._with(devices=devices)

    def with_features(self, changes: str) -> Self:
        """The processor's features changed: ``-arat,+invtsc``.  Raises ValueError, in words."""
        features = list(self.spec.cpu.features)
        for change in changes.split(","):
            sign, feature = change[:1], change[1:]
            if sign not in ("+", "-"):
                raise ValueError(f"'{change}' must begin with + or -")
            if feature not in FEATURES:
                hint = suggestion(feature, FEATURES)
                raise ValueError(f"no feature '{feature}'{hint}")
            if not self.is_x86:
                raise ValueError(f"{self.name} is no x86 board")
            features = [item for item in features if item != feature]
            features += [feature] * (sign == "+")
        return self._with(cpu=msgspec.structs.replace(self.spec.cpu, features=features))

    def with_config(self, name: str, changes: dict[str, int | bool | str]) -> Self:
        """Other parameters for a device.  Raises ValueError, in words."""
        device = self.spec.devices.get(name)
        if device is None:
            hint = suggestion(name, self.spec.devices)
            raise ValueError(f"no device '{name}' on {self.name}{hint}")
        from kerneltui.machine.board_check import check_config  # most change nothing

        changed = msgspec.structs.replace(device, config={**device.config, **changes})
        check_config(changed)
        return self._with(devices={**self.spec.devices, name: changed})

    def _with(self, **changes: Any) -> Self:
        return msgspec.structs.replace(self, spec=msgspec.structs.replace(self.spec, **changes))

    @property
    def is_x86(self) -> bool:
        """Whether the processor is a PC's."""
        return self.spec.cpu.compatible.startswith(PC)
