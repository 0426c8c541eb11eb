"""Settings that are half done are said at start-up, with the name of what to set."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from procure.console import checks

FULL = {"base_url": "http://127.0.0.1:9", "key": "k", "model": "m", "timeout": 20.0}


@pytest.mark.parametrize("address", ["procure.example", "ftp://procure.example", "https://procure.example/app", ""])
def test_an_address_that_no_supplier_can_open_is_an_error(address, settings):
    settings.BASE_URL = address
    assert [each.id for each in checks.check_base_url()] == ["procure.E001"]


def test_a_plain_address_is_fine(settings):
    settings.BASE_URL = "https://procure.example.org"
    assert checks.check_base_url() == []


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"model": ""}, "MODEL_SMALL_NAME"),
        ({"base_url": ""}, "MODEL_SMALL_URL"),
        ({"timeout": 0}, "MODEL_SMALL_TIMEOUT"),
    ],
)
def test_half_a_model_tier_names_what_is_missing(change, variable, settings):
    settings.MODEL_TIERS = {"small": FULL | change}
    (found,) = checks.check_model_tiers()
    assert variable in found.hint


def test_a_full_tier_and_none_at_all_are_both_fine(settings):
    settings.MODEL_TIERS = {"small": FULL, "large": FULL | {"base_url": "", "model": ""}}
    assert checks.check_model_tiers() == []


def test_a_negative_undo_window_is_an_error(settings):
    settings.UNDO_WINDOW = timedelta(seconds=-1)
    assert [each.id for each in checks.check_undo_window()] == ["procure.E003"]


def test_a_folder_that_cannot_be_written_is_named(settings):
    settings.VAR_DIR = Path("/no/such/folder")
    (found,) = checks.check_folders()
    assert "/no/such/folder" in found.msg
