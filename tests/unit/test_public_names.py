"""What a package exports is what its `__all__` says."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import datalayer


def _packages_with_all() -> dict[str, ModuleType]:
    """Return the hand-written packages, whose `__init__` is what others import."""
    names = ["datalayer"]
    for module in pkgutil.walk_packages(datalayer.__path__, "datalayer."):
        if module.ispkg and not module.name.startswith("datalayer.queries"):
            names.append(module.name)
    modules = {name: importlib.import_module(name) for name in names}
    return {name: m for name, m in modules.items() if hasattr(m, "__all__")}


MODULES = _packages_with_all()
every_module = pytest.mark.parametrize("name", MODULES)


@every_module
def test_all_is_sorted_and_without_repetition(name: str) -> None:
    exported = list(MODULES[name].__all__)

    assert len(exported) == len(set(exported))
    # As ruff sorts it: constants, classes, functions.
    assert exported == sorted(exported, key=_kind_and_name)


@every_module
def test_exported_names_exist(name: str) -> None:
    module = MODULES[name]

    assert [each for each in module.__all__ if not hasattr(module, each)] == []


@every_module
def test_public_names_are_exported(name: str) -> None:
    module = MODULES[name]
    public = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_")
        and not isinstance(value, ModuleType)
        and (getattr(value, "__module__", "") or "").startswith("datalayer")
    }

    assert public <= set(module.__all__)


def _kind_and_name(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
