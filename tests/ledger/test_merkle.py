"""The tree against the published vectors, a naive reading of the RFC, and forgers."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.merkle import EMPTY_ROOT, CompactRange

# The eight leaves, roots and proofs of the Certificate Transparency reference tests.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (0, 2, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"]),
    (1, 2, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
HASHES = [merkle.leaf(each) for each in LEAVES]
SIZES = st.integers(1, 200)


def leaves(count):
    return [merkle.leaf(number.to_bytes(4, "big")) for number in range(count)]


def mth(hashes):
    """MTH as RFC 6962 section 2.1 defines it, over leaf hashes."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return merkle.node(mth(hashes[:split]), mth(hashes[split:]))


def subtree_of(hashes):
    return lambda start, end: mth(hashes[start:end])


# published vectors


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size):
    assert CompactRange().extend(HASHES[:size]).root().hex() == ROOTS[size]
    assert merkle.root_of(HASHES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_the_published_inclusion_proofs(index, size, proof):
    found = merkle.inclusion_proof(index, size, subtree_of(HASHES))
    assert [each.hex() for each in found] == proof
    assert merkle.verify_inclusion(HASHES[index], index, size, found, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_the_published_consistency_proofs(old, new, proof):
    found = merkle.consistency_proof(old, new, subtree_of(HASHES))
    assert [each.hex() for each in found] == proof
    assert merkle.verify_consistency(old, new, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]), found)


# against a naive reading


@given(st.lists(SIZES, max_size=5))
def test_a_range_grown_in_any_steps_has_the_root_of_the_definition(steps):
    hashes, grown = leaves(sum(steps)), CompactRange()
    for step in steps:
        grown = grown.extend(hashes[grown.size : grown.size + step])
        assert grown.root() == mth(hashes[: grown.size])
    assert grown.size == sum(steps)


@given(SIZES)
def test_one_by_one_is_the_same_as_all_at_once(size):
    grown = CompactRange()
    for each in leaves(size):
        grown = grown.append(each)
    assert grown == CompactRange().extend(leaves(size))


@given(SIZES, st.data())
def test_every_leaf_is_proved_and_at_no_other_place(size, data):
    hashes = leaves(size)
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, subtree_of(hashes))
    assert merkle.verify_inclusion(hashes[index], index, size, proof, mth(hashes))
    assert merkle.verify_inclusion(hashes[index], other, size, proof, mth(hashes)) == (index == other)


@given(st.integers(0, 200), st.integers(0, 200))
def test_every_size_is_consistent_with_every_later_one(one, other):
    old, new = sorted((one, other))
    hashes = leaves(new)
    proof = merkle.consistency_proof(old, new, subtree_of(hashes))
    assert merkle.verify_consistency(old, new, mth(hashes[:old]), mth(hashes), proof)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_any_stretch_is_cut_into_aligned_powers_of_two(one, other):
    start, end = sorted((one, other))
    pieces = [(index << level, (index + 1) << level) for level, index in merkle.perfect_subtrees(start, end)]
    assert [*pieces, (end,)][0][0] == start
    assert [*pieces, (0, end)][-1][1] == end
    assert all(left[1] == right[0] for left, right in pairwise(pieces))
    assert len(pieces) <= 2 * max(end.bit_length(), 1)


def test_a_range_hands_out_the_roots_of_the_tiles_that_it_completes():
    hashes, tiles = leaves(70_000), {}
    CompactRange().extend(hashes[:300], tiles).extend(hashes[300:], tiles)
    assert sorted(tiles) == [(8, index) for index in range(273)] + [(16, 0)]
    assert tiles[8, 1] == mth(hashes[256:512])
    assert tiles[16, 0] == mth(hashes[:65536])


# what is refused


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_no_proof_is_made_of_a_leaf_that_is_not_there(index):
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, 3, subtree_of(leaves(3)))


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_no_proof_is_made_that_a_tree_continues_a_longer_one(old, new):
    with pytest.raises(ValueError, match="does not continue"):
        merkle.consistency_proof(old, new, subtree_of(leaves(3)))


@pytest.mark.parametrize(
    ("size", "hashes"), [(1, ()), (2, HASHES[:2]), (3, HASHES[:1]), (0, HASHES[:1]), (-1, ()), (1, (b"short",))]
)
def test_a_range_has_as_many_subtrees_as_its_size_has_ones(size, hashes):
    with pytest.raises(ValueError, match="do not have these"):
        CompactRange(size, tuple(hashes))


def test_an_empty_tree_proves_nothing_but_itself():
    assert merkle.verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    assert merkle.verify_consistency(0, 3, EMPTY_ROOT, mth(leaves(3)), ())
    assert not merkle.verify_consistency(0, 3, mth(leaves(1)), mth(leaves(3)), ())
    assert not merkle.verify_consistency(0, 0, EMPTY_ROOT, mth(leaves(3)), ())
    assert not merkle.verify_inclusion(EMPTY_ROOT, 0, 0, (), EMPTY_ROOT)


def test_two_short_siblings_do_not_make_up_a_node():
    left, right = leaves(2)
    root = merkle.node(left, right)
    assert not merkle.verify_inclusion(left[:31], 0, 2, [left[31:] + right], root)
    assert not merkle.verify_inclusion(left + right, 0, 1, [], merkle.node(left, right))


def test_a_node_does_not_pass_for_a_leaf():
    hashes = leaves(4)
    inner = merkle.node(hashes[0], hashes[1])
    assert not merkle.verify_inclusion(inner, 0, 4, [merkle.node(hashes[2], hashes[3])], mth(hashes))


# forgers: size and root of a checkpoint are signed together, so a forger takes another whole checkpoint or none


def changed(content, dice):
    spoiled = bytearray(content)
    if dice.random() < 0.1:
        return bytes(spoiled[: dice.randrange(32)])
    spoiled[dice.randrange(32)] ^= 1 << dice.randrange(8)
    return bytes(spoiled)


def changed_proof(proof, dice):
    proof, what = list(proof), dice.randrange(4)
    if what == 0 or not proof:
        proof.insert(dice.randint(0, len(proof)), dice.choice([*proof, dice.randbytes(32)]))
    elif what == 1:
        del proof[dice.randrange(len(proof))]
    elif what == 2 and len(proof) > 1:
        one, other = dice.sample(range(len(proof)), 2)
        proof[one], proof[other] = proof[other], proof[one]
    else:
        place = dice.randrange(len(proof))
        proof[place] = changed(proof[place], dice)
    return tuple(proof)


class Forger:
    """Takes true claims about a log of 130 entries and changes one thing in each."""

    def __init__(self, seed):
        self.dice, self.hashes = random.Random(seed), leaves(130)
        self.checkpoints = [(size, mth(self.hashes[:size])) for size in range(131)]

    def other(self, checkpoint):
        if self.dice.random() < 0.5:
            return self.dice.choice(self.checkpoints[1:])
        return (checkpoint[0], changed(checkpoint[1], self.dice))

    def inclusion(self):
        """Whether the altered claim was believed, and whether it is true all the same."""
        size = self.dice.randint(1, 130)
        index = place = self.dice.randrange(size)
        found, checkpoint = self.hashes[index], self.checkpoints[size]
        proof = merkle.inclusion_proof(index, size, subtree_of(self.hashes))
        match self.dice.randrange(4):
            case 0:
                place += self.dice.choice([-2, -1, 1, 2, 1 << self.dice.randrange(8), -index])
            case 1:
                found = self.dice.choice([changed(found, self.dice), *self.hashes[:3]])
            case 2:
                checkpoint = self.other(checkpoint)
            case _:
                proof = changed_proof(proof, self.dice)
        believed = merkle.verify_inclusion(found, place, checkpoint[0], proof, checkpoint[1])
        true = checkpoint in self.checkpoints and 0 <= place < checkpoint[0] and found == self.hashes[place]
        return believed, true and proof == merkle.inclusion_proof(place, checkpoint[0], subtree_of(self.hashes))

    def consistency(self):
        # The empty tree begins every log, so from 0 there is nothing to forge.
        sizes = sorted((self.dice.randint(1, 130), self.dice.randint(1, 130)))
        old, new = (self.checkpoints[size] for size in sizes)
        proof = merkle.consistency_proof(*sizes, subtree_of(self.hashes))
        match self.dice.randrange(3):
            case 0:
                old = self.other(old)
            case 1:
                new = self.other(new)
            case _:
                proof = changed_proof(proof, self.dice)
        believed = merkle.verify_consistency(old[0], new[0], old[1], new[1], proof)
        true = old in self.checkpoints and new in self.checkpoints and old[0] <= new[0]
        return believed, true and proof == merkle.consistency_proof(old[0], new[0], subtree_of(self.hashes))

    def attempt(self, count):
        """How many claims were altered into something false, and how many claims were answered wrongly."""
        answers = [self.dice.choice((self.inclusion, self.consistency))() for _ in range(count)]
        return sum(not true for _, true in answers), sum(believed != true for believed, true in answers)


def test_no_forged_proof_is_accepted():
    false, wrong = Forger(seed=1).attempt(3_000)
    assert false > 2_500
    assert wrong == 0


@pytest.mark.long
def test_no_forged_proof_is_accepted_in_the_long_run():
    false, wrong = Forger(seed=2).attempt(110_000)
    assert false > 100_000
    assert wrong == 0
