"""Notes and checkpoints against the published vectors, malformed ones, and forgers."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import notes
from ledger.errors import InvalidInput
from ledger.notes import BadNote, CheckpointText, SigningKey

# Vectors of golang.org/x/mod/sumdb/note.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
NOTE = f"{TEXT}\n{BY_PETER}"
# The example of c2sp.org/tlog-checkpoint.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_the_published_key_has_the_published_verifier_key():
    key = SigningKey.from_text(PRIVATE)
    assert (key.verifier_key, key.to_text()) == (PETER, PRIVATE)
    assert "seed" not in repr(key)


def test_the_published_signature():
    assert notes.sign(TEXT, SigningKey.from_text(PRIVATE)) == NOTE


@pytest.mark.parametrize(
    "note",
    [
        NOTE,
        f"{TEXT}\n{BY_PETER}{BY_ENOCH}",
        f"{TEXT}\n{BY_ENOCH}{BY_PETER}",
        f"{TEXT}\n{BY_PETER}{BY_PETER}",
        f"{TEXT}\n{BY_PETER.replace('PeterNeumann x08g', 'PeterNeumann xxxx')}{BY_PETER}",
    ],
)
def test_a_signed_note_opens_whoever_else_signed_it(note):
    assert notes.open_note(note, PETER) == TEXT


def test_each_of_two_signers_is_enough():
    assert notes.open_note(f"{TEXT}\n{BY_PETER}{BY_ENOCH}", ENOCH) == TEXT


def test_the_last_empty_line_parts_text_and_signatures():
    key = SigningKey.generate("procure.example/hq")
    for text in ("\n", "a\n\nb\n", "a\n\n\n", "a\n\n— b AAAAAAA=\n"):
        assert notes.open_note(notes.sign(text, key), key.verifier_key) == text


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        f"\x01{NOTE}",
        f"{TEXT}\r\n{BY_PETER}",
        f"\ud800{NOTE}",
        NOTE.replace("— ", "- "),
        NOTE.replace("— PeterNeumann", "—  PeterNeumann"),
        NOTE.replace("PeterNeumann", "Peter Neumann"),
        NOTE.replace("PeterNeumann", "Peter+Neumann"),
        NOTE.replace("PeterNeumann", ""),
        NOTE.replace("JnAM=", "JnAM"),
        NOTE.replace("JnAM=", "JnAN="),  # the same bytes written otherwise
        NOTE.replace("JnAM=", "JnAM= "),
        NOTE.replace("x08go/", "x08go_"),
        f"{NOTE}Unexpected line.\n",
        f"{NOTE}\n",
        f"{TEXT}\n{BY_PETER * 101}",
        f"{TEXT}\n— PeterNeumann x08gow==\n",
    ],
)
def test_a_malformed_note_is_refused(note):
    with pytest.raises(BadNote):
        notes.open_note(note, PETER)


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (f"{TEXT}\n{BY_ENOCH}", "not signed"),
        (NOTE.replace("PeterNeumann", "CarmenSandiego"), "not signed"),
        (NOTE.replace("x08g", "xxxx"), "not signed"),
        (NOTE.replace("cryptography", "astrology"), "false"),
        (NOTE.replace("Tinux", "").replace("UgYN", "UgYM"), "false"),
        (f"{NOTE}{BY_PETER.replace('UgYN', 'UgYM')}", "false"),
    ],
)
def test_a_note_that_the_key_did_not_sign_is_refused(note, says):
    with pytest.raises(BadNote, match=says):
        notes.open_note(note, PETER)


def test_no_part_and_no_alteration_of_a_verifier_key_is_taken():
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if (start, end) != (0, len(PETER)):
                assert_no_key(PETER[start:end])
    for place, character in enumerate(PETER):
        assert_no_key(PETER[:place] + chr(ord(character) + 1) + PETER[place + 1 :])
    # the wrong length and an unknown algorithm, each with a fitting id
    assert_no_key("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==")
    assert_no_key("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")


def assert_no_key(text):
    with pytest.raises(InvalidInput):
        notes.parse_verifier_key(text)


def test_no_part_and_no_alteration_of_a_signing_key_is_taken():
    spoiled = [PRIVATE[:place] + chr(ord(each) + 1) + PRIVATE[place + 1 :] for place, each in enumerate(PRIVATE)]
    for text in ["", *spoiled, *(PRIVATE[:end] for end in range(len(PRIVATE)))]:
        with pytest.raises(InvalidInput):
            SigningKey.from_text(text)


@pytest.mark.parametrize("name", ["", "a+b", "a b", "a\u2003b", "a\nb", "a\x01"])
def test_a_name_that_would_not_fit_a_signature_line_is_refused(name):
    with pytest.raises(InvalidInput, match="without “\\+”"):
        SigningKey.generate(name)


def test_the_example_of_the_specification_is_read_and_written():
    found = CheckpointText.parse(SOFA)
    assert (found.origin, found.size, found.root) == (
        "example.com/behind-the-sofa",
        20852163,
        base64.b64decode(ROOT),
    )
    assert found.text() == SOFA


def test_extension_lines_are_kept():
    assert CheckpointText.parse(f"{SOFA}more\n").extensions == ("more",)
    assert CheckpointText.parse(f"{SOFA}more\n").text() == f"{SOFA}more\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"a\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n",
        f"a\n1 \n{ROOT}\n",
        f"a\n١\n{ROOT}\n",
        f"a\n1_000\n{ROOT}\n",
        f"a\n\n{ROOT}\n",
        f"a\n{'9' * 20}\n{ROOT}\n",
        f"a\n1\n{ROOT[:-1]}\n",
        f"a\n1\n{ROOT.replace('I=', 'J=')}\n",
        "a\n1\nAAAA\n",
        f"a\n1\n{ROOT}\n\n",
        f"a\n1\n{ROOT}\n\nmore\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text):
    with pytest.raises(BadNote):
        CheckpointText.parse(text)


@given(st.from_regex(r"\A[A-Za-z0-9._/:-]{1,120}\Z"), st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(origin, size, root):
    checkpoint = CheckpointText(origin, size, root)
    assert CheckpointText.parse(checkpoint.text()) == checkpoint


def believed_forgeries(count, seed):
    """How many of `count` notes with one character changed were opened as something else than was signed."""
    dice, key = random.Random(seed), SigningKey.generate("procure.example/hq")
    text = CheckpointText(key.name, 5, bytes(32)).text()
    note, believed = notes.sign(text, key), []
    for _ in range(count):
        place, end = sorted((dice.randrange(len(note)), dice.randrange(len(note) + 1)))
        put = dice.choice(["", chr(dice.randrange(32, 127)), "\n", note[place:end] * 2])
        forged = note[:place] + put + note[dice.choice([place, place + 1, end]) :]
        try:
            opened = notes.open_note(forged, key.verifier_key)
        except BadNote:
            continue
        if opened != text:
            believed.append(forged)
    return believed


def test_no_altered_note_is_believed():
    assert believed_forgeries(3_000, seed=1) == []


@pytest.mark.long
def test_no_altered_note_is_believed_in_the_long_run():
    assert believed_forgeries(100_000, seed=2) == []
