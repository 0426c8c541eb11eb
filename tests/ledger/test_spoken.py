"""Fields of commands that hold what people type, and a command's JSON without them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger import command, spoken
from procure.commands import InviteSuppliers, NeededLine, RaiseRequisition
from vendors.commands import BlockVendor, QualifyVendor

LINES = [NeededLine(description=text, quantity=Decimal(1)) for text in ("gloves", "masks")]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (BlockVendor(vendor="VEN-1", reason="late again"), [("reason", "late again", False)]),
        (QualifyVendor(vendor="VEN-1"), []),
        (
            RaiseRequisition(requisition="PR-1", lines=LINES),
            [("lines.0.description", "gloves", True), ("lines.1.description", "masks", True)],
        ),
        (
            InviteSuppliers(requisition="PR-1", title="Gloves", vendors=["VEN-1"], deadline_hours=9),
            [("title", "Gloves", True)],
        ),
    ],
)
def test_each_text_is_found_with_its_place_and_whose_it_is(wish, said):
    found = spoken.said_in(wish)
    assert [(each.path, each.text, each.of_requester) for each in found] == said
    bare = spoken.without(wish.as_json(), {each.path for each in found})
    assert all(text not in str(bare) for _, text, _ in said)
    assert command.build(wish.kind(), wish.as_json()["fields"]) == wish, "the command itself stays whole"


def test_no_field_for_a_reason_or_a_note_is_left_unmarked():
    typed = {"reason", "note", "title", "description", "comment", "remarks"}
    bare = [
        f"{kind}.{name}"
        for kind, each in command.kinds().items()
        for name, info in each.model_fields.items()
        if name in typed and not any(isinstance(mark, spoken.Spoken) for mark in info.metadata)
    ]
    assert bare == []
