"""Settings of retention: from arguments, from the environment, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.domains.operations import RetentionSettings, read_retention_settings
from datalayer.domains.operations.errors import InvalidSetting
from datalayer.domains.operations.retention_settings import (
    MAX_DAYS,
    MAX_ROWS,
    VARIABLES,
    default_of,
)

DEFAULTS = RetentionSettings(
    approvals_days=30,
    max_approvals=5000,
    idempotency_days=14,
    max_idempotency=10_000,
    nonces_days=1,
)


def refused(environment: dict[str, str], **overrides: int) -> list[str]:
    with pytest.raises(InvalidSetting) as caught:
        read_retention_settings(environment, **overrides)
    assert [str(problem) in str(caught.value) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


def test_defaults() -> None:
    assert RetentionSettings() == DEFAULTS
    assert read_retention_settings({"PATH": "/bin"}) == DEFAULTS
    assert [default_of(name) for name in VARIABLES] == [30, 5000, 14, 10_000, 1]


def test_each_setting_has_a_variable() -> None:
    values = range(2, 7)
    environment = dict(zip(VARIABLES.values(), map(str, values), strict=True))

    assert read_retention_settings(environment) == RetentionSettings(*values)


def test_an_argument_counts_more_than_the_environment() -> None:
    environment = {"RETENTION_NONCES_DAYS": "2", "RETENTION_MAX_APPROVALS": "no"}

    read = read_retention_settings(environment, nonces_days=3, max_approvals=4)

    assert (read.nonces_days, read.max_approvals) == (3, 4)


def test_the_environment_of_the_process_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RETENTION_IDEMPOTENCY_DAYS", "7")

    assert read_retention_settings().idempotency_days == 7


@pytest.mark.parametrize("value", ["7", " 7", "7\n", "007", "7\r"])
def test_space_around_a_number_and_zeros_before_it_do_no_harm(value: str) -> None:
    assert read_retention_settings({"RETENTION_NONCES_DAYS": value}).nonces_days == 7


@pytest.mark.parametrize(
    "value",
    ["0", "-1", "+1", "1.0", "1e2", "1_000", "x", "36501", "9" * 5000, "\u0667", "1 0"],
)
def test_what_is_no_number_within_bounds_is_refused(value: str) -> None:
    (problem,) = refused({"RETENTION_NONCES_DAYS": value})

    assert problem.startswith(f"`RETENTION_NONCES_DAYS` is `{value[:39]}")
    assert problem.endswith(", not a whole number from 1 to 36500")
    assert len(problem) < 130


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_value_is_refused_with_the_default(value: str) -> None:
    (problem,) = refused({"RETENTION_MAX_APPROVALS": value})

    assert problem.endswith("from 1 to 1000000000; unset means 5000")


def test_everything_wrong_is_told_at_once() -> None:
    environment = dict.fromkeys(VARIABLES.values(), "0")

    problems = refused(environment | {"RETENTION_NONCE_DAYS": "2"})

    assert len(problems) == 6
    with pytest.raises(InvalidSetting, match=r"^6 settings of retention are wrong:\n"):
        read_retention_settings(environment | {"RETENTION_NONCE_DAYS": "2"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RETENTION_APPROVAL_DAYS", "RETENTION_APPROVALS_DAYS"),
        ("RETENTION_APROVALS_DAYS", "RETENTION_APPROVALS_DAYS"),
        ("RETENTION_APPROVALS_MAX", "RETENTION_MAX_APPROVALS"),
        ("RETENTION_IDEMPOTENCE_DAYS", "RETENTION_IDEMPOTENCY_DAYS"),
        ("RETENTION_MAX_IDEMPOTENCY_KEYS", "RETENTION_MAX_IDEMPOTENCY"),
        ("RETENTION_NONCE_DAYS", "RETENTION_NONCES_DAYS"),
        ("retention_nonces_days", "RETENTION_NONCES_DAYS"),
    ],
)
def test_a_misspelt_name_is_refused(name: str, meant: str) -> None:
    (problem,) = refused({name: "3"})

    expected = f"`{name}` is `3`, a name that nothing reads; did you mean `{meant}`?"
    assert problem == expected


@pytest.mark.parametrize(
    "name",
    [
        "RETENTION_BACKUP_DAYS",
        "RETENTION_DAYS",
        "RETENTION_LOGS_DAYS",
        "RETENTION_MAX_BACKUPS",
        "RETENTION_SESSIONS_DAYS",
        "MY_RETENTION_NONCES_DAYS",
    ],
)
def test_names_of_other_programs_are_left_alone(name: str) -> None:
    assert read_retention_settings({name: "x"}) == DEFAULTS


def test_what_is_shown_cannot_disturb_a_terminal() -> None:
    (problem,) = refused({"RETENTION_NONCES_DAYS": "\x1b[2J\udcff\n1"})

    assert r"`\x1b[2J\udcff\n1`" in problem


@pytest.mark.parametrize("value", [0, -1, MAX_DAYS + 1, True, "3", 1.0, None])
def test_settings_out_of_bounds_cannot_be_made(value: object) -> None:
    with pytest.raises(InvalidSetting) as caught:
        RetentionSettings(approvals_days=value)  # type: ignore[arg-type]  # on purpose

    assert str(caught.value).startswith(f"`approvals_days` is {value!r}, not a whole")


def test_wrong_arguments_are_refused_by_their_names() -> None:
    assert refused({}, nonces_days=0, max_approvals=MAX_ROWS + 1) == [
        "`max_approvals` is 1000000001, not a whole number from 1 to 1000000000",
        "`nonces_days` is 0, not a whole number from 1 to 36500",
    ]


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES.values())), st.text()))
def test_any_text_is_read_or_refused(environment: dict[str, str]) -> None:
    try:
        read = read_retention_settings(environment)
    except InvalidSetting as error:
        assert {problem.name for problem in error.problems} <= set(environment)  # noqa: PT017 (either is right)
        return

    for setting, variable in VARIABLES.items():
        expected = int(environment.get(variable, default_of(setting)))
        assert getattr(read, setting) == expected
