"""What the stand-alone verifier says of exports, proofs of one entry and consistency proofs."""

import ast
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import verifier
from tests.ledger import paper
from tests.ledger.paper import KEY, ORIGIN, SIGNER, Log, check, jsons, leaf

SOURCE = Path(verifier.__file__)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def log() -> Log:
    return Log.of(30, 8, 16, 25)


def said(content, *notes, **more):
    answer = check(content, *notes, **more)
    return (answer.valid, answer.first_bad, answer.between)


# One file that an auditor can copy


def test_it_runs_alone_in_an_empty_folder(tmp_path, log):
    shutil.copy(SOURCE, tmp_path / "verifier.py")
    (tmp_path / "export.jsonl").write_bytes(paper.joined(log.lines()))
    arguments = [sys.executable, "-I", "verifier.py", "export.jsonl", "--key", SIGNER.token, "--json"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, check=True)
    answer = json.loads(done.stdout)
    assert (answer["valid"], answer["valid_up_to"], answer["covered"], answer["uncovered"]) == (True, 30, 25, 5)


def test_it_is_written_for_python_3_9_and_imports_only_the_standard_library():
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 9))
    found = {each.names[0].name for each in ast.walk(tree) if isinstance(each, ast.Import)}
    found |= {each.module.split(".")[0] for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    assert found <= sys.stdlib_module_names
    assert not [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.level]


# Canonical form


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT, PLAIN, max_size=5))
def test_the_canonical_form_of_every_record_is_read(record):
    content = rfc8785.dumps(record)
    assert verifier.parse_record(content) == record
    assert verifier.canonical(record).encode() == content


def reference(content: bytes):
    """The record by `json` and `rfc8785`, or None."""
    try:
        record = json.loads(content.decode("utf-8"))
        return record if isinstance(record, dict) and rfc8785.dumps(record) == content else None
    except (ValueError, rfc8785.CanonicalizationError):
        return None


def is_read(content: bytes) -> bool:
    try:
        verifier.parse_record(content)
    except (ValueError, RecursionError):
        return False
    return True


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(TEXT, PLAIN, max_size=5), st.randoms(use_true_random=False))
def test_changed_bytes_are_read_just_where_they_are_canonical_again(record, random):
    content = paper.flip(rfc8785.dumps(record), random)
    again = reference(content)
    has_float = again is not None and b"." in content and _holds_float(again)
    assert is_read(content) is (again is not None and not has_float)


def _holds_float(value) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_float, value.values()))
    return any(map(_holds_float, value)) if isinstance(value, list) else isinstance(value, float)


@pytest.mark.parametrize(
    "content",
    [
        '{"a":1, "b":2}',
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a":1.5}',
        '{"a":1e2}',
        '{"a":-0}',
        '{"a":01}',
        '{"a":NaN}',
        '{"a":9007199254740992}',
        '{"a":' + "1" * 5000 + "}",
        '{"a":"\\u0041"}',
        '{"a":"\\/"}',
        '{"a":"\\ud800"}',
        '{"a":"\\u001F"}',
        '{"a":"\t"}',
        '{"\ue000":1,"😀":2}',
        '{"a":1}\r',
        ' {"a":1}',
        '{"a":1}{"b":2}',
        "[1]",
        '"a"',
        "",
        "[" * 100_000,
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_bytes_of_another_form_are_not_read(content):
    assert not is_read(content if isinstance(content, bytes) else content.encode())


def test_names_sort_by_utf_16_units():
    assert is_read('{"😀":2,"\ue000":1}'.encode())


# The tree


def test_inclusion_is_proven_for_the_right_place_alone():
    leaves = [leaf(bytes([number])) for number in range(18)]
    for size in range(1, 19):
        root = paper.root(leaves[:size])
        for index in range(size):
            proof = paper.path(index, leaves[:size])
            assert verifier.includes(leaves[index], index, size, proof, root)
            for other in {index - 1, index + 1, size, -1} - {index}:
                assert not verifier.includes(leaves[index], other, size, proof, root)
            assert not verifier.includes(leaves[index], index, size, [*proof, root], root)
            assert not verifier.includes(leaves[index], index, size, proof[:-1], root) or not proof


def test_consistency_is_proven_for_the_right_sizes_alone():
    leaves = [leaf(bytes([number])) for number in range(18)]
    roots = [paper.root(leaves[:size]) for size in range(19)]
    for new in range(1, 19):
        for old in range(1, new + 1):
            proof = paper.consistency(old, leaves[:new])
            assert verifier.extends(old, new, roots[old], roots[new], proof)
            assert not verifier.extends(old, new, roots[old], roots[new], [*proof, roots[1]])
            assert not verifier.extends(old, new, roots[old], roots[new - 1], proof)
            assert not verifier.extends(old - 1, new, roots[old], roots[new], proof)
            assert old == new or not verifier.extends(old, new, roots[old], roots[new], proof[:-1])
            assert old == new or not verifier.extends(new, old, roots[new], roots[old], proof)
    assert verifier.extends(0, 3, roots[0], roots[3], [])
    assert not verifier.extends(0, 3, roots[1], roots[3], [])


# Exports


@pytest.mark.parametrize(
    ("first", "last", "covered", "uncovered"),
    [(1, 30, 25, 5), (1, 25, 25, 0), (1, 20, 25, 0), (9, 12, 25, 0), (9, 30, 25, 5), (17, 25, 25, 0), (8, 8, 25, 0)],
)
def test_a_true_export_is_valid_and_says_what_is_covered(log, first, last, covered, uncovered):
    answer = check(log.lines(first, last))
    assert (answer.valid, answer.valid_up_to, answer.covered, answer.uncovered) == (True, last, covered, uncovered)


def test_an_export_that_no_checkpoint_ties_to_the_log_is_not_valid(log):
    answer = check(log.lines(26, 30))
    assert (answer.valid, answer.covered) == (False, None)
    assert "not covered" in answer.reason


def test_an_export_without_entries_says_so():
    assert list(check(Log.of(0).lines()).lines()) == [f"VALID ({ORIGIN}): the log has no entries."]


def test_an_export_of_nothing_after_a_checkpoint_is_tied_by_it(log):
    answer = check(log.lines(26, 25), log.notes[25])
    assert (answer.valid, answer.valid_up_to, answer.covered) == (True, 25, 25)


def test_what_came_before_a_range_is_believed_only_through_a_signed_root(log):
    header = log.header(10, 20)
    header["before"]["range"][0] = "0" * 64
    assert said(log.lines(10, 20, header)) == (False, None, (0, 16))


@pytest.mark.parametrize("at", range(1, 31))
def test_an_entry_changed_alone_is_named(log, at):
    for change in ({"data": {"total": "1.00"}}, {"prev": "f" * 64}, {"seq": at - 1}, {"seq": at + 1}, {"seq": "x"}):
        lines = log.lines()
        lines[at] = rfc8785.dumps(json.loads(lines[at]) | change)
        assert said(lines)[:2] == (False, at), change


@pytest.mark.parametrize("at", range(10, 21))
def test_an_entry_changed_alone_in_a_range_is_named_or_lies_before_the_next_checkpoint(log, at):
    lines = log.lines(10, 20)
    lines[at - 9] = rfc8785.dumps(json.loads(lines[at - 9]) | {"data": {}})
    assert said(lines) == ((False, at, None) if at not in (16, 20) else (False, at, (0, 16)) if at == 16
                           else (False, None, (16, 25)))  # fmt: skip


@pytest.mark.parametrize("at", [1, 2, 8, 9, 29, 30])
def test_a_missing_an_added_and_a_moved_entry_are_named(log, at):
    lines = log.lines()
    assert said(lines[:at] + lines[at + 1 :])[1] == at
    assert said([*lines[:at], lines[at], *lines[at:]])[1] in (at, at + 1)
    added = rfc8785.dumps(json.loads(lines[at]) | {"data": {"total": "9.99"}})
    assert said([*lines[:at], added, *lines[at:]])[1] == at
    if at < 30:
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
        assert said(lines)[1] == at


@pytest.mark.parametrize(
    ("at", "between"), [(1, (0, 8)), (8, (0, 8)), (9, (8, 16)), (16, (8, 16)), (17, (16, 25)), (25, (16, 25))]
)
def test_a_suffix_rewritten_with_fresh_hashes_lies_between_two_checkpoints(log, at, between):
    forged = Log(paper.chain_on(log.entries[: at - 1], 31 - at, data={"total": "0.01"}), log.notes)
    assert said(forged.lines()) == (False, None, between)


def test_what_follows_the_last_checkpoint_is_said_to_be_not_covered(log):
    forged = Log(paper.chain_on(log.entries[:25], 5, data={"total": "0.01"}), log.notes)
    answer = check(forged.lines())
    assert (answer.valid, answer.covered, answer.uncovered) == (True, 25, 5)


@pytest.mark.parametrize(("end", "between"), [(24, (16, 25)), (16, (16, 25)), (12, (8, 16)), (3, (0, 8))])
def test_a_cut_tail_ends_below_a_checkpoint(log, end, between):
    """Stored with the export or sent by an anchor."""
    cut = Log(log.entries[:end], log.notes)
    assert said(cut.lines()) == (False, end + 1, between)
    assert said(Log(cut.entries).lines(), *log.notes.values()) == (False, end + 1, between)


def test_a_range_that_ends_below_a_checkpoint_from_outside_needs_a_proof_that_leads_to_it(log):
    assert said(log.lines(5, 20), log.notes[25]) == (True, None, None)
    bare = Log(log.entries, {16: log.notes[16]})
    assert said(bare.lines(5, 20)) == (True, None, None)
    assert said(bare.lines(5, 20), log.notes[25]) == (False, None, (0, 25))
    assert said(bare.lines(5, 20), log.notes[25], log.notes[16]) == (False, None, (16, 25))


def test_a_checkpoint_from_outside_is_believed_over_those_in_the_file(log):
    other = Log(paper.chain_on(log.entries[:12], 18, data={}), {8: log.notes[8]})
    other.sign(16)
    assert check(other.lines()).valid
    assert said(other.lines(), log.notes[16], log.notes[8]) == (False, None, (8, 16))


def test_a_log_put_back_and_signed_anew_begins_to_differ_after_the_last_note_from_outside_that_fits(log):
    back = Log(paper.chain_on(log.entries[:9], 21, data={}), {8: log.notes[8]})
    back.sign(12)
    assert check(back.lines()).valid
    assert said(back.lines(), log.notes[8], log.notes[16]) == (False, None, (8, 16))


def test_checkpoints_before_a_range_are_said_to_be_not_compared(log):
    answer = check(log.lines(20, 30), log.notes[16])
    assert answer.valid
    assert "16" in answer.remarks[0]


def _without(name):
    return lambda record: {key: value for key, value in record.items() if key != name}


def _with(**more):
    return lambda record: record | more


@pytest.mark.parametrize(
    "change",
    [_without(name) for name in paper.record(1, "") if name not in ("seq", "prev")]
    + [
        _with(origin="procure.example/other"),
        _with(v=2),
        _with(v=True),
        _with(v="1"),
        _with(time="2026-01-01"),
        _with(time="2020-01-01T00:00:00.000000Z"),
        _with(kind=7),
        _with(actor="x"),
        _with(actor={"id": "x"}),
        _with(data=[]),
        _with(objects={}),
        _with(objects=[{"kind": "order"}]),
        _with(commitments=[]),
        _with(seq=True),
    ],
)
def test_a_record_of_another_shape_is_named_even_with_fresh_hashes_after_it(change):
    start = paper.chain_on([], 4)
    content = rfc8785.dumps(change(paper.record(5, leaf(start[-1]).hex())))
    log = Log(paper.chain_on([*start, content], 3))
    log.sign(8)
    assert said(log.lines())[:2] == (False, 5)


@pytest.mark.parametrize(
    "change",
    [
        {"export": 2},
        {"origin": "procure.example/other"},
        {"from": 0},
        {"from": 2},
        {"from": "1"},
        {"from": True},
        {"to": 29},
        {"to": 31},
        {"to": -1},
        {"before": {}},
        {"before": {"size": 0, "range": ["00"], "hash": "0" * 64}},
        {"before": {"size": 0, "range": [], "hash": "1" * 64}},
        {"head": {"seq": 29, "hash": "0" * 64}},
        {"head": {"seq": 30, "hash": "0" * 64}},
        {"head": {"seq": 30, "hash": "x"}},
        {"head": None},
    ],
)
def test_a_header_that_does_not_fit_is_refused(log, change):
    assert not check(log.lines(header=log.header(**change))).valid


@pytest.mark.parametrize(
    "line",
    [
        {"checkpoint": 5},
        {"checkpoint": SIGNER.note(5, b"\x00" * 32)[:-3]},
        {"checkpoint": paper.Signer("else.example").note(5, b"\x00" * 32)},
        {"checkpoint": "x", "more": 1},
        {"consistency": {"old": 30, "new": 31, "proof": []}},
        {"consistency": {"old": 29, "new": 30, "proof": []}},
        {"consistency": {"old": 30, "new": 30, "proof": []}},
        {"consistency": []},
        {"disclosure": {}},
        {"something": 1},
        paper.record(31, "0" * 64),
    ],
)
def test_a_false_or_foreign_line_at_the_end_is_refused(log, line):
    assert not check(log.lines() + jsons(line)).valid


def test_line_ends_changed_on_the_way_are_said_so(log):
    answer = check(paper.joined(log.lines()).replace(b"\n", b"\r\n"))
    assert not answer.valid
    assert "CR LF" in answer.reason


def test_a_line_without_end_is_refused_before_it_fills_the_memory(log, monkeypatch):
    monkeypatch.setattr(verifier, "LONGEST_LINE", 5000)
    assert not check([*log.lines()[:5], b"x" * 10_000]).valid


def test_an_export_cut_off_in_transfer_misses_an_entry(log):
    content = paper.joined(log.lines()[:11])
    assert said(content) == (False, 11, None)
    assert said(content[:-5]) == (False, 10, None)


# Personal values


SALT = "5a" * 32


def commitment(value, salt=SALT):
    return verifier.hashlib.sha256(
        b"procure-commitment-v1\x00" + bytes.fromhex(salt) + rfc8785.dumps(value)
    ).hexdigest()


@pytest.fixture(scope="module")
def personal() -> Log:
    committed = {"actor_name": commitment("Ada"), "mail": commitment("ada@hq.example")}
    log = Log(paper.chain_on(paper.chain_on([], 2), 1, commitments=committed))
    log = Log(paper.chain_on(log.entries, 2))
    log.sign(5)
    return log


def told(**more):
    return {"disclosure": {"seq": 3, "field": "actor_name", "salt": SALT, "value": "Ada"} | more}


def test_values_told_must_fit_and_those_not_told_are_listed(personal):
    lines = personal.lines()
    lines[4:4] = jsons(told())
    answer = check(lines)
    assert (answer.valid, answer.disclosed, answer.redacted) == (True, 1, [(3, "mail")])
    assert check(personal.lines()).redacted == [(3, "actor_name"), (3, "mail")]


@pytest.mark.parametrize(
    "more",
    [{"value": "Eve"}, {"salt": "5b" * 32}, {"salt": "5A" * 32}, {"salt": 5}, {"field": "mail"}, {"field": "x"},
     {"field": []}, {"seq": 2},  {"more": 1}],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_commitment_is_named(personal, more):
    lines = personal.lines()
    lines[4:4] = jsons(told(**more))
    assert said(lines) == (False, 3, None)


def test_a_value_is_told_once_and_below_its_entry(personal):
    lines = personal.lines()
    assert said([*lines[:4], *jsons(told(), told()), *lines[4:]]) == (False, 3, None)
    assert not check([*lines[:5], *jsons(told()), *lines[5:]]).valid
    assert not check([*lines, *jsons(told())]).valid


# What happened to an object


def test_the_history_of_an_object_is_told_in_order(log):
    answer = check(log.lines(), subject=("order", "PO-3"))
    assert [(each["seq"], each["kind"], each["status"]) for each in answer.history] == [
        (seq, "order.issued" if seq % 2 else "order.sent", "issued" if seq % 2 else "sent") for seq in range(3, 31, 5)
    ]
    assert answer.as_json()["object"]["status"] == "sent"
    assert check(log.lines(), subject=("vendor", "PO-3")).history == []


# Proofs


def test_the_proof_of_each_entry_holds_and_tells_what_it_says(log):
    for size in log.notes:
        for seq in range(1, size + 1):
            answer = check(log.proof(seq, size))
            assert (answer.valid, answer.first, answer.covered) == (True, seq, size)
    assert answer.history[0]["kind"] == "order.issued"


def test_a_proof_is_compared_with_a_checkpoint_from_outside(log):
    other = SIGNER.note(16, b"\x01" * 32)
    assert check(log.proof(5, 16), log.notes[16]).valid
    assert not check(log.proof(5, 16), other).valid
    assert "not compared" in check(log.proof(5, 16), log.notes[8]).remarks[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("index 4", "index 5"),
        lambda text: text.replace("index 4", "index 04"),
        lambda text: text.replace("extra ", "extra  "),
        lambda text: text.replace("\n\n", "\n", 1),
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("proof@v1", "proof@v1 "),
        lambda text: "".join(line for line in text.splitlines(True) if not line.startswith("extra")),
    ],
)
def test_a_proof_of_another_form_is_refused(log, change):
    assert not _accepts("entry", change(log.proof(5, 16)))


def test_consistency_proofs_hold_between_all_checkpoints(log):
    for old, new in [(8, 16), (8, 25), (16, 25), (8, 8)]:
        assert check(json.dumps(log.consistency(old, new))).valid
        assert check(json.dumps(log.consistency(old, new), indent=2)).valid


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["checkpoints"].reverse(),
        lambda told: told["checkpoints"].pop(),
        lambda told: told["consistency"].update(old=9),
        lambda told: told["consistency"].update(old="8"),
        lambda told: told["consistency"].update(more=1),
        lambda told: told["consistency"]["proof"].pop(),
        lambda told: told["consistency"]["proof"].append("x"),
        lambda told: told.update(more=1),
        lambda told: told["checkpoints"].__setitem__(0, SIGNER.note(8, b"\x00" * 32)),
    ],
)
def test_a_consistency_proof_that_does_not_fit_is_refused(log, change):
    told = log.consistency(8, 25)
    change(told)
    assert not check(json.dumps(told)).valid


# The command


@pytest.fixture
def run(tmp_path, capsys):
    """Exit code, output and complaints of the command on this content."""

    def run(content, *arguments, key=SIGNER.token):
        path = tmp_path / "file"
        path.write_bytes(paper.joined(content) if isinstance(content, list) else content)
        code = verifier.main([str(path), "--key", key, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def note(tmp_path):
    def note(text):
        path = tmp_path / "note"
        path.write_bytes(text.encode())
        return str(path)

    return note


def test_the_exit_code_is_the_answer(run, log, note):
    assert run(log.lines()) == (
        0, f"VALID up to 30 ({ORIGIN}): signed checkpoint 25 fits; 5 entries after it are not yet covered.\n", ""
    )  # fmt: skip
    code, out, _ = run(log.lines()[:9] + log.lines()[10:])
    assert (code, "entry 9" in out) == (1, True)
    assert run(log.lines(), "--quiet") == (0, "", "")
    code, out, err = run(b"something else")
    assert (code, out) == (2, "")
    assert "no export" in err
    assert run(log.lines(), key="x")[0] == 2
    assert run(b"")[0] == 2


def test_a_note_from_a_mail_may_have_other_line_ends(run, log, note):
    assert run(log.lines(), "--checkpoint", note("\r\n" + log.notes[16].replace("\n", "\r\n") + "\r\n"))[0] == 0
    assert run(log.lines()[:13], "--checkpoint", note(log.notes[16]))[0] == 1


def test_a_note_that_proves_nothing_is_wrong_use(run, log, note):
    assert run(log.lines(), "--checkpoint", note("x"))[0] == 2
    assert run(log.lines(), "--checkpoint", "/nowhere")[0] == 2


@pytest.mark.parametrize("arguments", [["--object", "order"], ["--checkpoint"], ["--what"]])
def test_wrong_arguments_are_wrong_use(run, log, arguments):
    with pytest.raises(SystemExit) as caught:
        run(log.lines(), *arguments)
    assert caught.value.code == 2


def test_one_json_object_is_printed(run, log):
    code, out, _ = run(log.lines()[:5] + log.lines()[6:], "--json", "--object", "order:PO-3")
    answer = json.loads(out)
    assert (code, answer["valid"], answer["first_bad"], answer["valid_up_to"]) == (1, False, 5, 4)
    assert [each["seq"] for each in answer["object"]["history"]] == [3]


def test_text_of_a_record_cannot_steer_the_terminal(run):
    log = Log(paper.chain_on([], 3, kind="\x1b[2Jé.\u202e"))
    log.sign(3)
    code, out, _ = run(log.lines(), "--object", "order:PO-1")
    assert code == 0
    assert "\\x1b[2J" in out
    assert "\u202e" not in out


def test_standard_input_is_read(log, monkeypatch, capsys):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": Pipe(paper.joined(log.lines()))}))
    assert verifier.main(["-", "--key", SIGNER.token]) == 0


# Forged proofs and notes


def _same(kind: str, before: str, after: str) -> bool:
    """Whether a changed file says the very same as a true one: only JSON can be written in more than one way."""
    if kind != "consistency" or before == after:
        return before == after
    try:
        return verifier._decode_once(after.strip()) == verifier._decode_once(before)
    except (ValueError, RecursionError):
        return False


def _mutated(text: str, random: Random, others: list[str]) -> str:
    """One small change, or a part of another true file in the place of its own."""
    content = bytearray(text.encode())
    at = random.randrange(len(content))
    way = random.randrange(7)
    if way == 0:
        content[at] ^= 1 << random.randrange(8)
    elif way == 1:
        content[at] = random.choice(b'ABCabc019+/= \n"{}[],:\\')
    elif way == 2:
        del content[at : at + random.choice((1, 1, 4, 44, 45))]
    elif way == 3:
        content[at:at] = random.choice((b"=", b"A", b" ", b"\n", b"\r", b"0", content[at : at + 45]))
    elif way == 4:
        digits = [place for place, each in enumerate(content) if 48 <= each <= 57]
        content[random.choice(digits)] = random.choice(b"0123456789")
    elif way == 5:
        lines = text.split("\n")
        one, other = random.randrange(len(lines)), random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return "\n".join(lines)
    else:
        mine, theirs = text.split("\n"), random.choice(others).split("\n")
        at = random.randrange(min(len(mine), len(theirs)))
        return "\n".join(mine[:at] + theirs[at:]) if random.random() < 0.5 else "\n".join(
            [*mine[:at], theirs[at], *mine[at + 1 :]]
        )  # fmt: skip
    return content.decode("utf-8", "surrogateescape")


def _accepts(kind: str, text: str) -> bool:
    content = text.encode("utf-8", "surrogateescape")
    try:
        if kind == "note":
            verifier.open_checkpoint(text, KEY)
            return True
        return verifier.check(io.BytesIO(content), KEY, []).valid
    except (verifier.NotValid, verifier.Unusable):
        return False


def forge(count: int, seed: int) -> dict[str, int]:
    """Changed proofs and notes, by kind; fails on the first that is accepted and is not a true one."""
    random, log = Random(seed), Log.of(70, 1, 7, 8, 33, 64, 70)
    sizes = sorted(log.notes)
    true = {
        "entry": [log.proof(seq, size) for size in sizes for seq in range(1, size + 1)],
        "consistency": [json.dumps(log.consistency(old, new)) for new in sizes for old in sizes if old <= new],
        "note": list(log.notes.values()),
    }
    tried = dict.fromkeys(true, 0)
    while sum(tried.values()) < count:
        kind = random.choice(list(true))
        original = random.choice(true[kind])
        changed = _mutated(original, random, true[kind])
        # Parts of two true files may make a third, so a changed one is compared with all that there are.
        if any(_same(kind, each, changed) for each in true[kind]):
            continue
        assert not _accepts(kind, changed), (kind, changed)
        tried[kind] += 1
    return tried


def test_no_forged_proof_is_accepted():
    assert min(forge(2000, 1).values()) > 300


@pytest.mark.long
def test_no_forged_proof_of_a_hundred_thousand_is_accepted(capsys):
    tried = forge(100_000, 2)
    with capsys.disabled():
        print(f"\nforged, none accepted: {tried}")
