"""Names as people search for them: upper or lower case, accents of case and spacing make no difference."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import models


def fold(text: str) -> str:
    """Case-folded, compatibility-normalised, single spaces. The same on every database, unlike LOWER."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class FoldedField(models.CharField):
    """Keeps `fold` of another field, also in bulk writes. Look it up with a folded value."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **{"editable": False, "db_index": True, "max_length": 400, "default": "", **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        folded = fold(getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, folded)
        return folded
