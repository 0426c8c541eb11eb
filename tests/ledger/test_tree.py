"""Proofs out of the database are those of the whole tree, whatever has been stored of it."""

import random

import pytest
from django.db import connection

from ledger import chain, merkle, tree, triggers
from ledger.errors import InvalidInput
from ledger.merkle import CompactRange
from ledger.models import Entry, LedgerHead, TreeNode

SIZE = 1_300


@pytest.fixture
def hashes(entity):
    """A log of 1,300 rows that only have hashes, written past the triggers; the leaves of its tree."""
    leaves = [merkle.leaf(number.to_bytes(4, "big")) for number in range(SIZE)]
    rows = [
        Entry(
            log_id="main", seq=seq, time="2026-01-01T00:00:00Z", kind="a.b", actor_kind="system", actor_id="x",
            bytes=b"{}", prev="", hash=leaf.hex(),
        )
        for seq, leaf in enumerate(leaves, start=1)
    ]  # fmt: skip
    with triggers.lifted(connection):
        Entry.objects.bulk_create(rows)
        LedgerHead.objects.update(seq=SIZE)
    return leaves


@pytest.fixture
def kept(hashes):
    """As after a checkpoint at 1,100."""
    keep(hashes, 0, 1_100)


def keep(hashes, start, end):
    tiles = {}
    CompactRange().extend(hashes[:start]).extend(hashes[start:end], tiles)
    tree.keep("main", tiles)


def root(hashes):
    return CompactRange().extend(hashes).root()


def assert_all_right(hashes, sizes):
    dice = random.Random(1)
    for size in sizes:
        assert tree.root_at("main", size) == root(hashes[:size])
        seq, old = dice.randint(1, size), dice.randint(0, size)
        proof = tree.inclusion("main", seq, size)
        assert merkle.verify_inclusion(hashes[seq - 1], seq - 1, size, proof, root(hashes[:size]))
        proof = tree.consistency("main", old, size)
        assert merkle.verify_consistency(old, size, root(hashes[:old]), root(hashes[:size]), proof)


SIZES = [1, 2, 255, 256, 257, 511, 512, 1_023, 1_024, 1_025, 1_099, 1_100, 1_101, 1_280, SIZE]


def test_proofs_and_roots_of_any_size_where_nothing_is_kept(hashes):
    assert_all_right(hashes, SIZES)


def test_proofs_and_roots_of_any_size_where_tiles_are_kept(kept, hashes):
    assert TreeNode.objects.count() == 4
    assert_all_right(hashes, SIZES)


def test_tiles_kept_in_two_steps_are_those_kept_in_one(hashes):
    keep(hashes, 0, 300)
    keep(hashes, 300, 1_100)
    assert list(TreeNode.objects.values_list("level", "index", "hash")) == [
        (8, index, root(hashes[256 * index : 256 * (index + 1)]).hex()) for index in range(4)
    ]


def test_higher_tiles_stand_on_lower_ones(hashes, monkeypatch):
    """With tiles of four, 1,300 entries have five levels of them."""
    monkeypatch.setattr(merkle, "TILE_LEVELS", 2)
    monkeypatch.setattr(tree, "TILE_LEVELS", 2)
    monkeypatch.setattr(tree, "WIDTH", 4)
    monkeypatch.setattr(tree, "TOP", 6)
    keep(hashes, 0, 1_290)
    assert set(TreeNode.objects.values_list("level", flat=True)) == {2, 4, 6}
    assert_all_right(hashes, [*SIZES, *range(1_200, 1_300, 33)])


def test_a_proof_reads_a_few_tiles(kept, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        tree.inclusion("main", 5, 1_100)
    with django_assert_max_num_queries(3):
        tree.consistency("main", 700, 1_100)
    with django_assert_max_num_queries(2):
        tree.root_at("main", 1_100)


def test_what_is_not_there_has_no_proof(hashes):
    for seq, size in ((0, 5), (6, 5), (-1, 5), (1, 0), (5, SIZE + 1), (SIZE, SIZE + 300)):
        with pytest.raises(InvalidInput, match=r"not among|does not have"):
            tree.inclusion("main", seq, size)
    for old, new in ((6, 5), (-1, 5), (5, SIZE + 1)):
        with pytest.raises(InvalidInput, match=r"does not continue|does not have"):
            tree.consistency("main", old, new)


def test_logs_have_trees_of_their_own(kept, entity, append):
    entity.log = chain.begin("other", origin="procure.example/other")
    only = append()
    assert tree.root_at("other", 1).hex() == only.hash == chain.leaf_hash(bytes(only.bytes))
    assert tree.root_at("main", 0) == merkle.EMPTY_ROOT
