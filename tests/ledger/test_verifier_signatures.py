"""The verifier's own Ed25519 and its reading of keys and notes, against the RFC and against `cryptography`."""

import hashlib
import json
from pathlib import Path
from random import Random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger import verifier
from ledger.verifier import NotValid, Unusable, ed25519_verifies, point_add, point_decode, point_encode
from tests.ledger import paper
from tests.ledger.paper import KEY, ORIGIN, SIGNER

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "rfc8032.json").read_text())["vectors"]
ROOT = hashlib.sha256(b"some root").digest()


def peer(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["name"])
def test_the_vectors_of_rfc_8032_verify_and_verify_no_longer_when_changed(vector):
    public, message, signature = (bytes.fromhex(vector[name]) for name in ("public", "message", "signature"))
    assert ed25519_verifies(public, message, signature)
    assert not ed25519_verifies(public, message + b"\x00", signature)
    assert not ed25519_verifies(public, message, signature[:63] + bytes([signature[63] ^ 1]))
    assert not ed25519_verifies(public, message, signature + b"\x00")


def test_random_and_mutated_signatures_are_judged_as_by_cryptography():
    random = Random(8032)
    judged = []
    for number in range(12):
        private = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        public, message = private.public_key().public_bytes_raw(), random.randbytes(number * 7)
        signature = private.sign(message)
        cases = [(public, message, signature), (paper.flip(public, random), message, signature)]
        cases += [(public, message, paper.flip(signature, random)) for _ in range(8)]
        cases += [(public, paper.flip(message + b"x", random), signature)]
        for case in cases:
            judged.append(ed25519_verifies(*case))
            assert judged[-1] is peer(*case), case
    assert (judged.count(True), judged.count(False)) == (12, 120)


L, P = verifier.L, verifier.P


def scalar(number: int) -> bytes:
    return number.to_bytes(32, "little")


def challenge(r: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L


def base_times(number: int) -> verifier.Point:
    return verifier._base().times(number % L)


def torsion() -> verifier.Point:
    """A point of order 8: L times a point with a part of that order."""
    for y in range(2, 50):
        if point := point_decode(scalar(y)):
            total = verifier.IDENTITY
            for bit in bin(L)[2:]:
                total = point_add(total, total)
                total = point_add(total, point) if bit == "1" else total
            four = point_add(point_add(total, total), point_add(total, total))
            if point_encode(four) != scalar(1):
                return total
    raise AssertionError


def times(number: int, point: verifier.Point) -> verifier.Point:
    total = verifier.IDENTITY
    for _ in range(number):
        total = point_add(total, point)
    return total


SECRET, EIGHTH = 1234567, torsion()
PUBLIC = point_encode(base_times(SECRET))
IDENTITY = scalar(1)


def signed(public: bytes, r: bytes, r_secret: int, *, wanted: int | None = None, message: bytes = b"m"):
    """Message and signature by SECRET with this R; `wanted`: the challenge modulo 8."""
    for number in range(1000):
        text = message + bytes([number % 256]) * (number // 256 + 1)
        k = challenge(r, public, text)
        if wanted is None or k % 8 == wanted:
            return public, text, r + scalar((r_secret + k * SECRET) % L)
    raise AssertionError


def small_order_key(key: bytes):
    """Under a key of small order, S = 0 and R = 0 sign a message in eight."""
    for number in range(1000):
        message = b"%d" % number
        if challenge(IDENTITY, key, message) % 8 == 0:
            return key, message, IDENTITY + scalar(0)
    raise AssertionError


def good():
    return signed(PUBLIC, point_encode(base_times(99)), 99)


def with_s_beyond_the_order():
    public, message, signature = good()
    return public, message, signature[:32] + scalar(int.from_bytes(signature[32:], "little") + L)


def mixed_order(wanted: int):
    public = point_encode(point_add(base_times(SECRET), EIGHTH))
    return signed(public, point_encode(base_times(99)), 99, wanted=wanted)


#: case, what the verifier says, what OpenSSL says through `cryptography`
STRICTNESS = [
    (good(), True, True),
    (with_s_beyond_the_order(), False, False),
    (signed(PUBLIC, IDENTITY, 0), True, True),
    (signed(PUBLIC, scalar(P + 1), 0), False, False),
    (signed(PUBLIC, scalar(1 | 1 << 255), 0), False, False),
    (small_order_key(IDENTITY), False, True),
    (small_order_key(scalar(P - 1)), False, True),
    (small_order_key(scalar(0)), False, True),
    (small_order_key(point_encode(EIGHTH)), False, True),
    (small_order_key(point_encode(times(3, EIGHTH))), False, True),
    (small_order_key(scalar(P + 1)), False, True),
    (small_order_key(scalar(1 | 1 << 255)), False, True),
    (mixed_order(0), True, True),
    (mixed_order(3), False, False),
    ((scalar(2), b"m", good()[2]), False, False),
    ((PUBLIC, b"m", b"\x00" * 64), False, False),
    ((PUBLIC[:31], b"m", good()[2]), False, False),
]


@pytest.mark.parametrize(("case", "ours", "theirs"), STRICTNESS, ids=range(len(STRICTNESS)))
def test_corner_cases_of_encodings_and_orders(case, ours, theirs):
    assert (ed25519_verifies(*case), peer(*case)) == (ours, theirs)


def test_the_key_of_the_log_is_read_from_one_token():
    key = verifier.Key.parse(f" {SIGNER.token}\n")
    assert (key.name, key.public) == (ORIGIN, SIGNER.key.public_key().public_bytes_raw())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        SIGNER.token[:-1],
        SIGNER.token.replace("paper", "other"),
        SIGNER.token.replace("+", "+0", 1),
        "+".join(["a b", *SIGNER.token.split("+", 2)[1:]]),
        SIGNER.token + "=",
    ],
)
def test_a_damaged_key_is_wrong_use(token):
    with pytest.raises(Unusable):
        verifier.Key.parse(token)


def test_a_key_of_small_order_is_wrong_use():
    content = b"\x01" + IDENTITY
    digest = hashlib.sha256(b"x\n" + content).hexdigest()[:8]
    with pytest.raises(Unusable):
        verifier.Key.parse(f"x+{digest}+{paper.b64(content)}")


def test_a_checkpoint_is_opened():
    assert verifier.open_checkpoint(SIGNER.note(7, ROOT), KEY) == verifier.Checkpoint(7, ROOT)


def test_lines_of_other_keys_are_let_be():
    note = SIGNER.note(7, ROOT)
    witness = paper.Signer("witness.example/w", Ed25519PrivateKey.from_private_bytes(b"\x08" * 32))
    text = note.partition("\n\n")[0] + "\n"
    assert verifier.open_checkpoint(note + witness.line(text), KEY).size == 7
    assert verifier.open_checkpoint(f"{text}\n{witness.line(text)}{SIGNER.line(text)}", KEY).size == 7


def _note(text: str, signer: paper.Signer = SIGNER) -> str:
    return f"{text}\n{signer.line(text)}"


B64 = paper.b64(ROOT)
OTHER = paper.Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))
GOOD = SIGNER.note(7, ROOT)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        GOOD[:-1],
        GOOD + "\n",
        "\n" + GOOD,
        GOOD.replace("\n7\n", "\n8\n"),
        GOOD.replace("—", "-"),
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("— ", "—  "),
        GOOD.rpartition("=")[0] + "\n",
        GOOD + SIGNER.line("another text\n"),
        SIGNER.note(7, ROOT, origin="procure.example/other"),
        OTHER.note(7, ROOT),
        _note(f"{ORIGIN}\n07\n{B64}\n"),
        _note(f"{ORIGIN}\n-7\n{B64}\n"),
        _note(f"{ORIGIN}\n٧\n{B64}\n"),
        _note(f"{ORIGIN}\n{10**30}\n{B64}\n"),
        _note(f"{ORIGIN}\n7\n"),
        _note(f"{ORIGIN}\n7\n{B64}\n\n"),
        _note(f"{ORIGIN}\n7\n{B64[:-1]}\n"),
        _note(f"{ORIGIN}\n7\n{paper.b64(ROOT[:31])}\n"),
        "x" * 2**21 + GOOD,
        "\ud800" + GOOD,
        None,
        7,
    ],
)
def test_what_is_no_checkpoint_of_the_log_is_refused(note):
    with pytest.raises(NotValid):
        verifier.open_checkpoint(note, KEY)
