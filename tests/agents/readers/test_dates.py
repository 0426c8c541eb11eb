from datetime import date

import pytest

from agents.readers import dates
from tests.agents.readers.shelf import TODAY

SAID = [
    ("by mid September", "mid September", "2014-09-15"),
    ("by end of Q1", "end of Q1", "2015-03-31"),
    ("before 30 June", "30 June", "2014-06-30"),
    ("in 3 weeks", "in 3 weeks", "2014-06-13"),
    ("next Friday", "next Friday", "2014-05-30"),
    ("on 15.01.2027", "15.01.2027", "2027-01-15"),
    ("2027-01-15", "2027-01-15", "2027-01-15"),
    ("June 3rd", "June 3rd", "2014-06-03"),
    ("03/04/2027", "03/04/2027", "2027-04-03"),
    ("06/30/2027", "06/30/2027", "2027-06-30"),
    ("by 15/01", "15/01", "2015-01-15"),
    ("3 May", "3 May", "2015-05-03"),
    ("23 May", "23 May", "2014-05-23"),
    ("early August", "early August", "2014-08-05"),
    ("by the end of the month", "by the end of the month", "2014-05-31"),
    ("within 10 working days", "within 10 working days", "2014-06-06"),
    ("between 3 and 7 June", "3 and 7 June", "2014-06-07"),
    ("June 3-7", "June 3-7", "2014-06-07"),
    ("by June", "June", "2014-06-01"),
    ("in September", "September", "2014-09-30"),
    ("KW 32", "KW 32", "2014-08-08"),
    ("bis Mitte Oktober", "Mitte Oktober", "2014-10-15"),
    ("avant le 1er juillet", "le 1er juillet", "2014-07-01"),
    ("dans 3 semaines", "dans 3 semaines", "2014-06-13"),
    ("29 February", "29 February", "2016-02-29"),
    ("tomorrow", "tomorrow", "2014-05-24"),
    ("end of 2014", "end of 2014", "2014-12-31"),
]


@pytest.mark.parametrize(("text", "quote", "day"), SAID)
def test_a_date_in_words_becomes_a_day(text, quote, day):
    [found] = dates.mentions(text, TODAY)
    assert (text[found.start : found.end], found.value) == (quote, date.fromisoformat(day))


@pytest.mark.parametrize(
    "text", ["ASAP", "31 June", "150/300mg", "24/7", "we may order", "in autumn", "300 units", "32.13.2014", "v2.0.1"]
)
def test_what_is_no_date_stays_none(text):
    assert dates.mentions(text, TODAY) == []


def test_the_last_days_of_the_calendar_do_not_overflow():
    assert dates.mentions("in 900 months, in 9 weeks, 3 May", date(9999, 12, 30)) == []
