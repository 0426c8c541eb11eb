"""PostgreSQL: a cursor that has the server keep its statements ready."""

from __future__ import annotations

from typing import Any

import psycopg


class Prepared(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **more: Any) -> Prepared:
        """Values travel beside the statement, not in it."""
        return super().execute(query, params, prepare=True, **more)

    def _convert_query(self, query: Any, params: Any = None) -> Any:
        """Kept for whoever lists what was sent, as Django's own cursor keeps it."""
        self._query = super()._convert_query(query, params)
        return self._query
