"""The commands by their names, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The module of each command, in the order of the help. A module has an `app`, or a
#: function of the command's name, and maybe `EXIT_CODES` to be shown below its help.
_MODULES: Mapping[str, str] = {
    "generate": "generate",
    "check": "generate",
    "explain": "explain",
    "prove": "prove",
    "query": "query",
    "maintain": "maintain",
    "dashboard": "dashboard",
    "worker": "worker",
    "migrate": "migrate",
    "conversations": "conversations",
    "db": "db",
    "history": "history",
    "queue": "queue",
    "retention": "retention",
}


class LazyCommands(TyperGroup):
    """Commands that cost nothing until they are named."""

    # Typer brings its own copy of click, whose classes have no public names.
    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the names of the commands."""
        return list(_MODULES)

    def get_command(  # type: ignore[override]
        self, ctx: typer.Context, cmd_name: str
    ) -> TyperCommand | TyperGroup | None:
        """Import a command; None when there is none of that name."""
        if cmd_name not in _MODULES:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name)
        found = self.commands[cmd_name]
        assert isinstance(found, TyperCommand | TyperGroup)  # nothing else is loaded
        return found


def _load(name: str) -> TyperCommand | TyperGroup:
    module = import_module(f"datalayer.cli.{_MODULES[name]}")
    # A group of one, with the settings that `datalayer` itself has.
    around = typer.Typer(rich_markup_mode="markdown")
    around.callback()(lambda: None)
    group = getattr(module, "app", None)
    if isinstance(group, typer.Typer):
        around.add_typer(group, name=name)
    else:
        command = getattr(module, name)
        around.command(name, epilog=getattr(module, "EXIT_CODES", None))(command)
    found = typer.main.get_command(around)
    assert isinstance(found, TyperGroup)  # it has a callback
    loaded = found.commands[name]
    assert isinstance(loaded, TyperCommand | TyperGroup)  # as typer makes them
    return loaded
