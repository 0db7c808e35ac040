"""Find the handler that a name means."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from datalayer.domains.operations.errors import (
    HandlerImportFailed,
    HandlerNameError,
    HandlerNotCallable,
    HandlerNotFound,
)

if TYPE_CHECKING:
    from types import ModuleType

    from datalayer.domains.operations.worker.attempts import Handler

_FRAMES = 5


def load_handler(name: str) -> Handler:
    """Import `package.module:function`, or `package.module.function`.

    Modules are looked for as `python -m` does, in the working folder first.
    """
    module_name, path = _parts(name)
    found: object = _import(module_name)
    for attribute in path.split("."):
        if not hasattr(found, attribute):
            raise _missing(name, module_name, found, attribute)
        found = getattr(found, attribute)
    return _checked(name, found)


def _parts(name: str) -> tuple[str, str]:
    module_name, _, path = name.partition(":") if ":" in name else name.rpartition(".")
    parts = [*module_name.split("."), *path.split(".")]
    if not all(part.isidentifier() for part in parts):
        raise HandlerNameError(
            f"`{name}` does not name a function",
            help="write `package.module:function`",
        )
    return module_name, path


def _import(module_name: str) -> ModuleType:
    folder = str(Path.cwd())
    if not sys.flags.safe_path and folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise HandlerNotFound(
                f"there is no module `{error.name}`",
                help=f"it was looked for in {os.getcwd()} and where Python looks",
            ) from None
        raise _failed(module_name, error) from error
    except (Exception, SystemExit) as error:
        # A script that ends when it is imported is no module either.
        raise _failed(module_name, error) from error


def _failed(module_name: str, error: BaseException) -> HandlerImportFailed:
    summary = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in summary if "importlib" not in frame.filename][1:]
    lines = traceback.format_list(own[-_FRAMES:])
    lines += traceback.format_exception_only(error)
    text = "".join(lines).rstrip()
    return HandlerImportFailed(f"module `{module_name}` cannot be imported:\n{text}")


def _missing(
    name: str, module_name: str, found: object, attribute: str
) -> HandlerNotFound:
    public = [each for each in dir(found) if not each.startswith("_")]
    near = difflib.get_close_matches(attribute, public)
    help = f"did you mean {' or '.join(f'`{each}`' for each in near)}?"
    if _is_module(f"{module_name}.{attribute}"):
        help = f"name a function in it: `{module_name}.{attribute}:function`"
    elif not near:
        help = "name a function that the module defines or imports"
    return HandlerNotFound(
        f"there is no `{attribute}` in module `{module_name}`, which `{name}` names",
        help=help,
    )


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False  # What should hold it is no package.


def _checked(name: str, found: object) -> Handler:
    if not _is_callable(found):
        raise HandlerNotCallable(
            f"`{name}` is of type `{type(found).__name__}`, a function is needed"
        )
    try:
        inspect.signature(found).bind(None)
    except TypeError as error:
        raise HandlerNotCallable(
            f"`{name}` cannot be called with a job alone: {error}",
            help="a handler takes one argument, the job",
        ) from None
    except ValueError:
        pass  # Some built-in functions do not tell what they take.
    return found


def _is_callable(found: object) -> TypeGuard[Handler]:
    """Tell whether it can be called; what it returns is seen when it does."""
    return callable(found)
