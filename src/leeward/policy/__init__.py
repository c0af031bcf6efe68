"""The rule language: policies as YAML files, checked as a compiler does, decided in bulk. Pure.

:func:`read_policy` turns a file into a :class:`Policy` or says everything that is wrong with it;
:func:`compile_policies` makes one Python function and one SQL query of all rules;
:func:`judge` turns events with their findings into Verdicts, :func:`meter` keeps them within the
rules' daily quotas, :func:`collect` says what follows for each subject.
"""

from leeward.policy._cases import Difference, Tested, run_cases
from leeward.policy._check import problems_of, read_policy
from leeward.policy._collect import Consequence, collect
from leeward.policy._compiled import Compiled, Placed, compile_policies, named
from leeward.policy._evaluate import operands
from leeward.policy._functions import SAYS
from leeward.policy._judge import judge, subjects_of
from leeward.policy._policy import Case, Policy, Rule
from leeward.policy._quota import Metered, Spent, meter
from leeward.policy._ready import READY, ready_policy, ready_signals
from leeward.policy._rows import RowReader, row_of
from leeward.policy._schema import EVENT_FIELDS, Field, Schema, Signal, Value, event_schema
from leeward.policy._shape import IF_ABSTAINED, KEYS, SUBJECTS
from leeward.policy._signals import read_signals
from leeward.policy._source import PolicyProblem
from leeward.policy._subjects import SUBJECT_COLUMNS, subjects_sql
from leeward.policy._told import Told, ToldRule, told
from leeward.policy._written import written

__all__ = [
    "EVENT_FIELDS",
    "IF_ABSTAINED",
    "KEYS",
    "READY",
    "SAYS",
    "SUBJECTS",
    "SUBJECT_COLUMNS",
    "Case",
    "Compiled",
    "Consequence",
    "Difference",
    "Field",
    "Metered",
    "Placed",
    "Policy",
    "PolicyProblem",
    "RowReader",
    "Rule",
    "Schema",
    "Signal",
    "Spent",
    "Tested",
    "Told",
    "ToldRule",
    "Value",
    "collect",
    "compile_policies",
    "event_schema",
    "judge",
    "meter",
    "named",
    "operands",
    "problems_of",
    "read_policy",
    "read_signals",
    "ready_policy",
    "ready_signals",
    "row_of",
    "run_cases",
    "subjects_of",
    "subjects_sql",
    "told",
    "written",
]
