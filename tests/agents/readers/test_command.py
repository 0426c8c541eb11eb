"""`manage.py read_request`, as machines call it."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db
SENTENCE = "We need 20 laptops for Kenya by mid September, budget 20k USD"


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("read_request", *args, stdout=out)
    return out.getvalue()


def test_a_text_from_stdin_gives_one_json_object(stdin):
    stdin(SENTENCE.encode())
    answer = json.loads(run("-", "--today", "2014-05-23"))
    assert (answer["needed_by"], answer["deliver_to"], answer["tier"]) == ("2014-09-15", "KE", "rules")


def test_a_file_in_any_encoding_is_read(tmp_path):
    path = tmp_path / "mail.txt"
    path.write_bytes("5 chaises pour la Côte d'Ivoire".encode("utf-16"))
    assert json.loads(run(str(path)))["deliver_to"] == "CI"


def test_lines_keep_order_and_id_and_a_bad_one_does_not_stop_the_run(stdin):
    asked = [
        json.dumps({"id": 7, "text": SENTENCE, "today": "2014-05-23"}),
        "{not json",
        json.dumps({"id": "long", "text": "a" * 200_001}),
        json.dumps({"id": "none"}),
        json.dumps({"id": "when", "text": "5 chairs", "today": "tomorrow"}),
        "[1]",
        json.dumps({"id": "last", "text": "5 chairs"}),
    ]
    stdin("\n".join(asked).encode())
    out = io.StringIO()
    with pytest.raises(CommandError, match="5 lines") as refused:
        call_command("read_request", "--jsonl", "-", stdout=out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert refused.value.returncode == 1
    assert [each["id"] for each in answers] == [7, None, "long", "none", "when", None, "last"]
    assert [each.get("error", {}).get("code") for each in answers] == [
        None, "invalid_input", "too_long", "invalid_input", "invalid_input", "invalid_input", None,
    ]  # fmt: skip


def test_an_empty_text_is_answered_with_exit_code_1(stdin):
    stdin(b"  ")
    with pytest.raises(CommandError) as refused:
        run("-")
    assert refused.value.returncode == 1


@pytest.mark.parametrize("args", [["/no/such/file"], ["a.txt", "--jsonl", "b.jsonl"]])
def test_wrong_use_has_exit_code_2(args):
    with pytest.raises(CommandError) as refused:
        run(*args)
    assert refused.value.returncode == 2
