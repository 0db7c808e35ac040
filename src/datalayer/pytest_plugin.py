"""A fixture of pytest by which each query of a project is proven by a test of its own.

    def test_queries_tell_the_truth(query_proof):
        query_proof()

Nothing of the package is imported before a test asks for the fixture.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalayer.proving import Prover, QueryProof

FIXTURE = "query_proof"
#: Names the server to make a scratch database on, as for the command line.
URL_VARIABLE = "DATALAYER_SCRATCH_URL"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("datalayer", "proofs of the queries of a project")
    group.addoption(
        "--prove-examples",
        type=int,
        default=None,
        help="fillings of the tables on which each query is tried (default: 30)",
    )
    group.addoption(
        "--prove-seed", type=int, default=0, help="what chance begins with (default: 0)"
    )
    parser.addini("prove_examples", "as `--prove-examples`", default="30")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each query of a test that asks for `query_proof`."""
    if FIXTURE not in metafunc.fixturenames:
        return
    from datalayer.ad_hoc import list_queries  # noqa: PLC0415 - when it is used
    from datalayer.config import load_config  # noqa: PLC0415 - as above

    with _told_briefly():
        config = load_config(metafunc.config.rootpath)
        sources = list_queries(config.queries, root=config.root)
    names = [source.qualified_name for source in sources]
    metafunc.parametrize(FIXTURE, names, indirect=True, scope="function")


@pytest.fixture(scope="session")
def datalayer_prover(pytestconfig: pytest.Config) -> Iterator[Prover]:
    """The scratch database of the project, which its migrations built."""
    from datalayer.config import load_config  # noqa: PLC0415 - when it is used
    from datalayer.proving import open_prover  # noqa: PLC0415 - as above

    seed = int(pytestconfig.getoption("--prove-seed") or 0)
    # With xdist, each worker has a database of its own.
    url = os.environ.get(URL_VARIABLE) or None
    with ExitStack() as stack:
        with _told_briefly():
            config = load_config(pytestconfig.rootpath)
            prover = stack.enter_context(open_prover(config, seed=seed, server_url=url))
        yield prover


@contextmanager
def _told_briefly() -> Iterator[None]:
    """Show what is wrong with a project without the way through our modules."""
    from datalayer.errors import DataLayerError  # noqa: PLC0415 - when it is used

    try:
        yield
    except DataLayerError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def query_proof(
    request: pytest.FixtureRequest, datalayer_prover: Prover
) -> Callable[[], QueryProof]:
    """Prove one query: the test fails when anything it returns is not as declared."""
    given = request.config.getoption("--prove-examples")
    examples = given or int(request.config.getini("prove_examples"))
    (shape,) = (
        shape
        for shape in datalayer_prover.shapes
        if shape.source.qualified_name == request.param
    )

    def prove() -> QueryProof:
        with _told_briefly():
            proof = datalayer_prover.prove(shape, examples=examples)
        if proof.lies:
            told = "\n\n".join(
                f"{proof.source}: {lie.message} ({lie.flavour})\n{lie.sql}"
                for lie in proof.lies
            )
            pytest.fail(f"{proof.name} does not tell the truth\n{told}", pytrace=False)
        return proof

    return prove
