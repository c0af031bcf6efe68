"""The words of the design as frozen types, and the columns they are stored in. No I/O.

An event reaches the log through :func:`admit_events` (decoded JSON) or
:func:`admit_columns` (a table); both return an :class:`Admission`, whose batch is folded
and complete, and name what they refuse.
"""

from leeward.model import _bounds as bounds
from leeward.model._admission import (
    ADMITTED_SCHEMA,
    Admission,
    Refusal,
    admit_columns,
    admit_events,
)
from leeward.model._columns import (
    EVENT_SCHEMA,
    FINDING_SCHEMA,
    INPUT_SCHEMA,
    columns_of,
    events_of,
)
from leeward.model._event import AccountBody, Event, Kind, MediaRef, Op, PollBody, Visibility
from leeward.model._finding import EvidenceItem, Finding, Outcome
from leeward.model._fold import fold, fold_tag
from leeward.model._hash import Domain, Hasher
from leeward.model._identity import (
    SUBJECT_KINDS,
    Identity,
    identity,
    parse_identity,
    parse_subject,
)
from leeward.model._messages import explain
from leeward.model._numba import kernel, string_buffers
from leeward.model._settings import (
    Age,
    InForce,
    LogSettings,
    Origin,
    RetentionSettings,
    ServerSettings,
    Settings,
    TablesSettings,
    in_force,
    settings_of,
)

__all__ = [
    "ADMITTED_SCHEMA",
    "EVENT_SCHEMA",
    "FINDING_SCHEMA",
    "INPUT_SCHEMA",
    "SUBJECT_KINDS",
    "AccountBody",
    "Admission",
    "Age",
    "Domain",
    "Event",
    "EvidenceItem",
    "Finding",
    "Hasher",
    "Identity",
    "InForce",
    "Kind",
    "LogSettings",
    "MediaRef",
    "Op",
    "Origin",
    "Outcome",
    "PollBody",
    "Refusal",
    "RetentionSettings",
    "ServerSettings",
    "Settings",
    "TablesSettings",
    "Visibility",
    "admit_columns",
    "admit_events",
    "bounds",
    "columns_of",
    "events_of",
    "explain",
    "fold",
    "fold_tag",
    "identity",
    "in_force",
    "kernel",
    "parse_identity",
    "parse_subject",
    "settings_of",
    "string_buffers",
]
