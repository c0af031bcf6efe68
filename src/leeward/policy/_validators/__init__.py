"""What must hold for a policy, one sentence a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.policy._validators.every_abstention_is_handled_in_words import (
    every_abstention_is_handled_in_words,
)
from leeward.policy._validators.every_case_can_be_run import every_case_can_be_run
from leeward.policy._validators.every_key_is_known import every_key_is_known
from leeward.policy._validators.every_let_name_is_used import every_let_name_is_used
from leeward.policy._validators.every_literal_can_match_its_field import (
    every_literal_can_match_its_field,
)
from leeward.policy._validators.every_name_stands_once import every_name_stands_once
from leeward.policy._validators.every_needed_key_is_there import every_needed_key_is_there
from leeward.policy._validators.every_subject_is_found import every_subject_is_found
from leeward.policy._validators.every_value_fits_its_key import every_value_fits_its_key
from leeward.policy._validators.only_a_listed_match_acts_by_itself import (
    only_a_listed_match_acts_by_itself,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.policy._draft import Draft
    from leeward.policy._source import Problem

__all__ = ["VALIDATORS"]

VALIDATORS: Final[tuple[Callable[[Draft], Iterator[Problem]], ...]] = (
    every_key_is_known,
    every_needed_key_is_there,
    every_value_fits_its_key,
    every_subject_is_found,
    every_name_stands_once,
    every_let_name_is_used,
    every_abstention_is_handled_in_words,
    only_a_listed_match_acts_by_itself,
    every_literal_can_match_its_field,
    every_case_can_be_run,
)
