"""Windows on what is bought. What is governed changes by proposals only; a sealed quote shows nowhere."""

from procure.admin import finance, notices, orders, requisitions, sourcing
from procure.erp import admin as erp

__all__ = ["erp", "finance", "notices", "orders", "requisitions", "sourcing"]
