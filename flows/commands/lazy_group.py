"""A group of commands that imports a command only when it is called: `--help` costs names and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """A command: where its function, or the Typer application of its group, is, and its sentence in the help."""

    target: str
    """`module:attribute`"""
    summary: str


class _Commands(Mapping[str, Any]):
    """Name → command, imported when it is asked for."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer's own class, which it does not export
        module, _, attribute = self._entries[name].target.partition(":")
        target = getattr(import_module(module), attribute)
        if isinstance(target, typer.Typer):
            group = typer.main.get_group(target)
            group.name = name
            return group
        single = typer.Typer(add_completion=False)
        single.command(name)(target)
        return typer.main.get_command(single)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def lazy_group(entries: Mapping[str, Entry]) -> type[TyperGroup]:
    """Return a class of groups with these commands, for `typer.Typer(cls=…)`."""

    class LazyGroup(TyperGroup):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.commands: Any = _Commands(entries)

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401
            return list(entries)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
            """Return the command as the help lists it."""
            entry = entries.get(cmd_name)
            return TyperCommand(cmd_name, help=entry.summary) if entry else None

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
            """Return the command that is called."""
            name, _, rest = super().resolve_command(ctx, args)
            return name, self.commands[name], rest

    return LazyGroup
