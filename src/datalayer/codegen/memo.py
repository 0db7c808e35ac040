"""What is not made again while that which it is made from stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MadeT = TypeVar("MadeT")
ArgumentsT = TypeVarTuple("ArgumentsT")


class Memo(Generic[MadeT]):
    """The results of one function, the last one for each module of queries."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._made: dict[tuple[str, ...], tuple[object, MadeT]] = {}

    def make(
        self,
        module: tuple[str, ...],
        function: Callable[[*ArgumentsT], MadeT],
        *arguments: *ArgumentsT,
    ) -> MadeT:
        """Return what a function makes of arguments; call it only for other ones.

        It must depend on nothing but what equal arguments have in common.
        """
        known = self._made.get(module)
        if known is None or known[0] != arguments:
            known = self._made[module] = (arguments, function(*arguments))
        return known[1]
