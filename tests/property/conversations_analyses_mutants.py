"""Ways to get analyses wrong, each of which their machine must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations_mutant import change_sql

from datalayer.queries.conversations import analysis, analysis_work

if TYPE_CHECKING:
    from types import ModuleType

    from operations_mutant import Apply


@dataclass(frozen=True)
class AnalysesMutant:
    """A broken version, and what the machine says about it."""

    name: str
    apply: Apply
    #: A regular expression that matches the error.
    noticed_as: str


def _mutant(
    name: str,
    noticed_as: str,
    module: ModuleType,
    constant: str,
    *changes: tuple[str, str],
) -> AnalysesMutant:
    return AnalysesMutant(name, change_sql(module, constant, *changes), noticed_as)


def _silent(module: ModuleType, constant: str, source: str) -> AnalysesMutant:
    """A step that does not come into the log."""
    entry = f" AS timestamp\n    FROM {source}\n"
    return _mutant(
        f"{constant} that is not in the log",
        "law: each step is in the log",
        module,
        constant,
        (entry, f"{entry}    WHERE FALSE\n"),
    )


ANALYSES_MUTANTS = (
    _silent(analysis, "CREATE_ANALYSIS", "created"),
    _silent(analysis, "RECREATE_ANALYSIS", "found"),
    _silent(analysis, "REGENERATE_ANALYSIS", "regenerated"),
    _silent(analysis_work, "CLAIM_ANALYSIS", "claimed"),
    _silent(analysis_work, "COMPLETE_ANALYSIS", "completed"),
    _silent(analysis_work, "FAIL_ANALYSIS", "ended"),
    _silent(analysis_work, "RESET_STUCK_ANALYSES", "ended"),
    _mutant(
        "log without who did it",
        "law: each step is in the log",
        analysis_work,
        "CLAIM_ANALYSIS",
        ("coalesce($3, '{}'::jsonb)", "nullif('{}'::jsonb, $3)"),
    ),
    _mutant(
        "analysis of a branch without a request",
        "law: nothing is analysed that is not there",
        analysis,
        "CREATE_ANALYSIS",
        ("AND branch_id = $2\n    ORDER BY", "ORDER BY"),
    ),
    _mutant(
        "second beginning of what has not failed",
        "law: created once|law: each step|lease_of_processing|completed_at_of",
        analysis,
        "RECREATE_ANALYSIS",
        ("AND existing.status = 'failed'", ""),
    ),
    _mutant(
        "second beginning that keeps the failures",
        "law: created once, and again when failed",
        analysis,
        "RECREATE_ANALYSIS",
        ("retry_count = 0,", ""),
    ),
    _mutant(
        "failed one that stays so",
        "law: created once, and again when failed",
        analysis,
        "RECREATE_ANALYSIS",
        ("AND existing.status = 'failed'", "AND FALSE"),
        ("WHERE status <> 'failed'", ""),
    ),
    _mutant(
        "asking anew that keeps the failures",
        "law: asked for anew, it begins again",
        analysis,
        "REGENERATE_ANALYSIS",
        ("retry_count = 0,", ""),
    ),
    _mutant(
        "asking anew that forgets what was found",
        "law: asked for anew, it begins again",
        analysis,
        "REGENERATE_ANALYSIS",
        ("retry_count = 0,", "retry_count = 0, content = NULL,"),
    ),
    _mutant(
        "asking anew that takes nothing from a worker",
        "law: what was asked for can be asked for anew",
        analysis,
        "REGENERATE_ANALYSIS",
        (
            "WHERE analysis.id = existing.id",
            "WHERE analysis.id = existing.id AND existing.status <> 'processing'",
        ),
    ),
    _mutant(
        "asking anew that begins the tokens again",
        "law: asked for anew, it begins again",
        analysis,
        "REGENERATE_ANALYSIS",
        ("retry_count = 0,", "retry_count = 0, attempt_token = 0,"),
    ),
    _mutant(
        "claim without the guard of its status",
        "law: what is pending can be claimed|law: the oldest|completed_at_of",
        analysis_work,
        "CLAIM_ANALYSIS",
        ("WHERE status = 'pending'", ""),
    ),
    _mutant(
        "claim of the newest",
        "law: the oldest that is pending is claimed",
        analysis_work,
        "CLAIM_ANALYSIS",
        ("ORDER BY created_at, id", "ORDER BY created_at DESC, id DESC"),
    ),
    _mutant(
        "claim with the token of before",
        "law: no token is given twice",
        analysis_work,
        "CLAIM_ANALYSIS",
        ("analysis.attempt_token + 1", "greatest(analysis.attempt_token, 1)"),
    ),
    _mutant(
        "lease by the clock on the wall",
        "law: what one gets",
        analysis_work,
        "CLAIM_ANALYSIS",
        ("make_interval(secs => extract(EPOCH FROM ", "(("),
    ),
    _mutant(
        "completion of a lost lease",
        "law: who holds the lease, completes",
        analysis_work,
        "COMPLETE_ANALYSIS",
        ("AND attempt_token = ", "AND 0 <> "),
    ),
    _mutant(
        "completion without the guard of its status",
        "law: who holds the lease, completes",
        analysis_work,
        "COMPLETE_ANALYSIS",
        ("AND status = 'processing'", ""),
    ),
    _mutant(
        "failure of a lost lease",
        "law: who holds the lease, fails",
        analysis_work,
        "FAIL_ANALYSIS",
        ("AND attempt_token = ", "AND 0 <> "),
    ),
    _mutant(
        "failure without the guard of its status",
        "law: who holds the lease, fails|completed_at_of",
        analysis_work,
        "FAIL_ANALYSIS",
        ("AND status = 'processing'", ""),
    ),
    _mutant(
        "failed one attempt early",
        "law: failed after the last attempt",
        analysis_work,
        "FAIL_ANALYSIS",
        ("WHEN retry_count + 1", "WHEN retry_count + 2"),
    ),
    _mutant(
        "failed one attempt late",
        "law: failed after the last attempt",
        analysis_work,
        "FAIL_ANALYSIS",
        ("WHEN retry_count + 1", "WHEN retry_count"),
    ),
    _mutant(
        "failure that does not count",
        "law: the rows|law: failed after the last attempt|law: what one gets",
        analysis_work,
        "FAIL_ANALYSIS",
        ("retry_count = retry_count + 1", "retry_count = retry_count"),
    ),
    _mutant(
        "failure that forgets its error",
        "law: the rows",
        analysis_work,
        "FAIL_ANALYSIS",
        ("error_message = $2", "error_message = nullif($2, $2)"),
    ),
    _mutant(
        "reset of a live lease",
        "law: what is taken back has no lease any more",
        analysis_work,
        "RESET_STUCK_ANALYSES",
        ("AND locked_until <= ", "AND locked_until - interval '1 second' <= "),
    ),
    _mutant(
        "reset that counts nothing",
        "law: the rows|law: what one gets",
        analysis_work,
        "RESET_STUCK_ANALYSES",
        (
            "retry_count = analysis.retry_count + 1",
            "retry_count = analysis.retry_count",
        ),
    ),
    _mutant(
        "reset of the oldest first",
        "law: what is taken back has no lease any more",
        analysis_work,
        "RESET_STUCK_ANALYSES",
        ("ORDER BY locked_until, id", "ORDER BY id"),
    ),
    _mutant(
        "pages in the wrong order",
        "law: the pages of a status|law: the pages have an end",
        analysis,
        "LIST_ANALYSES",
        ('"created_at" DESC, "id" DESC', '"created_at" DESC, "id"'),
    ),
    _mutant(
        "pages of other trains",
        "law: the pages of a train|law: the pages have an end",
        analysis,
        "LIST_TRAIN_ANALYSES",
        ("(candidate.train_id, candidate.status) >= ($2, ", "(candidate.status) >= ("),
    ),
)
