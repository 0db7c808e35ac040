"""Processes that wait for a sign, do their share at once, and say when done."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess

from benchmarks.errors import BenchError

#: Opens what a process works with; to be imported there by its name.
Opening = Callable[..., AbstractContextManager[Callable[[int], int]]]

_START_TIMEOUT = 300.0
_END_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Crew:
    """Processes, each with connections of its own."""

    pipes: Sequence[Pipe]

    def work(self, batch: int, batches: int) -> int:
        """Let each process do so many batches; return what they say they did."""
        for pipe in self.pipes:
            pipe.send((batch, batches))
        return sum(_receive(pipe) for pipe in self.pipes)


@contextmanager
def hire(size: int, opening: Opening, *arguments: object) -> Iterator[Crew]:
    """Start processes that open the same; end them all, whatever happens."""
    # Python 3.14 forks no process that has threads either.
    context = multiprocessing.get_context("spawn")
    pipes: list[Pipe] = []
    processes: list[BaseProcess] = []
    try:
        for _ in range(size):
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(
                target=_serve, args=(theirs, opening, arguments), daemon=True
            )
            with _held_back():
                process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        for pipe in pipes:
            if not pipe.poll(_START_TIMEOUT):
                raise BenchError("a process did not start in time")
            _receive(pipe)
        yield Crew(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join(_END_TIMEOUT)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()


@contextmanager
def _held_back() -> Iterator[None]:
    """Hold Control-C back, for good from processes that are started meanwhile.

    It goes to all; whoever hired decides, and closes the pipes.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _receive(pipe: Pipe) -> int:
    try:
        answer: int | str = pipe.recv()
    except EOFError:
        raise BenchError("a process ended") from None
    if isinstance(answer, str):
        raise BenchError(f"a process failed: {answer}")
    return answer


def _serve(pipe: Pipe, opening: Opening, arguments: Sequence[object]) -> None:
    try:
        with opening(*arguments) as turn:
            pipe.send(0)
            while True:
                batch, batches = pipe.recv()
                pipe.send(sum(turn(batch) for _ in range(batches)))
    except (EOFError, BrokenPipeError):
        pass
    except Exception as error:
        # Whoever waits for an answer raises.
        pipe.send(f"{type(error).__name__}: {error}")
