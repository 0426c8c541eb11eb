from vendors.models.bank_details import BankDetails, CallBackNumber, SealedBankDetails
from vendors.models.catalogue import Category, Item, Unit
from vendors.models.deliveries import Delivery
from vendors.models.profiles import CategoryApproval, Certificate, Vendor, VendorContact

__all__ = [
    "BankDetails",
    "CallBackNumber",
    "Category",
    "CategoryApproval",
    "Certificate",
    "Delivery",
    "Item",
    "SealedBankDetails",
    "Unit",
    "Vendor",
    "VendorContact",
]
