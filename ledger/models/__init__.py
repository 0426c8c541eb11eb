from ledger.models.authority import GrantedAuthority
from ledger.models.checkpoints import Anchoring, Checkpoint, TreeNode
from ledger.models.heartbeat import Heartbeat
from ledger.models.jobs import Job
from ledger.models.journal import Cursor, Entry, EntryObject, LedgerHead
from ledger.models.organisation import CostCentre, LegalEntity, NumberRange, Person
from ledger.models.outbox import Effect, EffectAttempt
from ledger.models.personal import PersonalValue, SubjectKey
from ledger.models.sources import Source
from ledger.models.switches import Switch

__all__ = [
    "Anchoring",
    "Checkpoint",
    "CostCentre",
    "Cursor",
    "Effect",
    "EffectAttempt",
    "Entry",
    "EntryObject",
    "GrantedAuthority",
    "Heartbeat",
    "Job",
    "LedgerHead",
    "LegalEntity",
    "NumberRange",
    "Person",
    "PersonalValue",
    "Source",
    "SubjectKey",
    "Switch",
    "TreeNode",
]
