"""The bytes that are hashed, against the library that follows the RFC."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import jcs

WORDS = st.text(st.characters(codec="utf-8"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_they_are_those_of_the_rfc(value):
    assert jcs.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("names", [["\ue000", "\U0001f600"], ["a", "B", "_"], ["é", "z"]])
def test_names_are_sorted_by_utf_16(names):
    value = {name: place for place, name in enumerate(names)}
    assert jcs.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), {"a": [2**60]}, "\ud800", {"\udc00": 1}, object(), {1: 2}])
def test_what_has_no_such_form_is_refused_alike(value):
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeError)) as by_the_library:
        rfc8785.dumps(value)
    with pytest.raises(type(by_the_library.value)):
        jcs.dumps(value)


def test_a_fraction_is_written_as_the_rfc_says():
    assert jcs.dumps([1e21, 0.1, 5.0]) == rfc8785.dumps([1e21, 0.1, 5.0]) == b"[1e+21,0.1,5]"
