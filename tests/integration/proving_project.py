"""A project whose functions lie, each in a way of its own, and one that does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proving_cases import Case

from datalayer import project
from datalayer.codegen.rendering.writer import write_modules
from datalayer.config import Config, load_config
from datalayer.finding_shapes import migrated_database, open_finder
from datalayer.proving import Prover
from datalayer.proving.prover import prover_of
from datalayer.proving.session import open_session

SCHEMA = """\
-- Everything that can be lied about.
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE TABLE person (
    id int PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    nick text,
    kind text NOT NULL DEFAULT 'plain' CHECK (kind IN ('plain', 'rare')),
    feeling mood NOT NULL DEFAULT 'happy',
    tags text[] NOT NULL DEFAULT '{}',
    price numeric NOT NULL DEFAULT 0,
    data jsonb NOT NULL DEFAULT '{}',
    born timestamptz,
    code text CHECK (code ~ '^[A-Z]{2}-[0-9]{4}$'),
    boss int REFERENCES person (id)
);
CREATE TABLE pet (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner int NOT NULL REFERENCES person (id),
    name text NOT NULL
);
CREATE TABLE seat (
    hall int, number int, owner text NOT NULL, code text NOT NULL, badge text UNIQUE,
    sold date, PRIMARY KEY (hall, number)
);
CREATE TABLE partner (
    id int PRIMARY KEY,
    other int NOT NULL REFERENCES partner (id) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX seat_owner ON seat (owner) WHERE sold > '2020-01-01';
CREATE TYPE address AS (street text, number int);
CREATE DOMAIN score AS int CHECK (value >= 0);
CREATE TABLE place (
    id int PRIMARY KEY,
    home address NOT NULL,
    visitors person [] NOT NULL DEFAULT '{}',
    scores score [] NOT NULL DEFAULT '{}'
);
CREATE VIEW owned AS
SELECT person.id, pet.name AS pet_name
FROM person LEFT JOIN pet ON pet.owner = person.id;
CREATE FUNCTION nick_of(wanted int) RETURNS text LANGUAGE plpgsql STABLE
AS $$BEGIN RETURN (SELECT nick FROM person WHERE id = wanted); END$$;
"""


def write_project(root: Path, cases: list[Case], package: str) -> None:
    """Write the files of a project."""
    root.joinpath("pyproject.toml").write_text(
        f'[tool.datalayer]\noutput = "{package}/queries"\n'
    )
    root.joinpath("migrations").mkdir()
    root.joinpath("migrations", "001_schema.sql").write_text(SCHEMA)
    root.joinpath("queries").mkdir()
    for case in cases:
        text = case.query.replace(")<\n", ")<!\n")
        root.joinpath("queries", f"{case.name}.sql").write_text(text)


@contextmanager
def open_project(
    root: Path, cases: list[Case], *, server_url: str, package: str
) -> Iterator[Prover]:
    """Generate the modules of a project, change them by hand, and open its prover."""
    write_project(root, cases, package)
    config = load_config(root)
    with migrated_database(config, server_url, project.NATIVE) as url:
        with open_finder(
            config, project.NATIVE, server_url=server_url, migrated=url
        ) as finder:
            generated = project.build_with(finder)
        write_modules(config.output, generated.modules)
        change_modules(config, cases)
        with forgotten(package), open_session(url) as session:
            yield prover_of(config, session, generated.shapes, 1)


def change_modules(config: Config, cases: list[Case]) -> None:
    """Make functions lie."""
    for case in cases:
        if case.edit[0]:
            file = config.output / (case.edited or f"{case.name}.py")
            before = file.read_text()
            assert case.edit[0] in before, before
            file.write_text(before.replace(*case.edit))


@contextmanager
def forgotten(package: str) -> Iterator[None]:
    """Forget in the end what was imported from a project."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in [each for each in sys.modules if each.split(".")[0] == package]:
            del sys.modules[name]
