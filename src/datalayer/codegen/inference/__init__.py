"""Concludes from PostgreSQL's analysed query tree what can be NULL, and how many rows.

`infer` is all that others need.
The modules: `outcomes` (the core: what an expression can come to), the rules by kind of
node (`expressions`, `calls`, `sources`, `function_sources`, `arrays`, `returning`),
what users made (`bodies`, `custom_aggregates`), the proofs (`joins`, `narrow`, and by
values `comparisons`, `choices`, `range_bounds`), whole queries
(`query_columns`), the number of rows (`rows`, `writes`, `singles`, `keys`), what is
nested (`nesting`, `nest_columns`, `nest_keys`), what
parameters accept (`parameters`), and facts about functions (`builtins`).
"""

from datalayer.codegen.inference.conclusion import infer
from datalayer.codegen.inference.nest_refusals import NestingRefused

__all__ = ["NestingRefused", "infer"]
