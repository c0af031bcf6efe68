"""The rule language: policies as YAML files, checked as a compiler does, decided in bulk. Pure.

:func:`read_policy` turns a file into a :class:`Policy` or says everything that is wrong with it;
:func:`compile_policies` makes one Python function and one SQL query of all rules;
:func:`judge` turns events with their findings into Verdicts, :func:`meter` keeps them within the
rules' daily quotas, :func:`collect` says what follows for each subject.
"""

from leeward.policy._cases import Difference, Tested, run_cases
from leeward.policy._check import problems_of, read_policy
from leeward.policy._collect import Consequence, collect
from leeward.policy._compiled import Compiled, Placed, compile_policies
from leeward.policy._functions import SAYS
from leeward.policy._judge import judge, subjects_of
from leeward.policy._policy import Case, Policy, Rule
from leeward.policy._quota import Metered, Spent, meter
from leeward.policy._rows import RowReader, row_of
from leeward.policy._schema import EVENT_FIELDS, Field, Schema, Signal, event_schema
from leeward.policy._shape import IF_ABSTAINED, KEYS, SUBJECTS
from leeward.policy._signals import read_signals
from leeward.policy._source import PolicyProblem

__all__ = [
    "EVENT_FIELDS",
    "IF_ABSTAINED",
    "KEYS",
    "SAYS",
    "SUBJECTS",
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
    "collect",
    "compile_policies",
    "event_schema",
    "judge",
    "meter",
    "problems_of",
    "read_policy",
    "read_signals",
    "row_of",
    "run_cases",
    "subjects_of",
]
