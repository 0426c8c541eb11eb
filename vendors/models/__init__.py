from vendors.models.catalogue import Category, Item, Unit
from vendors.models.deliveries import Delivery
from vendors.models.profiles import CategoryApproval, Certificate, Vendor, VendorContact

__all__ = [
    "Category",
    "CategoryApproval",
    "Certificate",
    "Delivery",
    "Item",
    "Unit",
    "Vendor",
    "VendorContact",
]
