"""Fills a fresh Tryton database with one company and what a buyer needs; runs in .venv-tryton, as its own process.

    seed.py CONFIG DATABASE DATA.json

DATA: {"company", "currency", "vendors": [{"code", "name"}], "items": [{"code", "name", "unit", "price"}],
"user": {"login", "password"}, "keeper": …, "person": …}. `user` is the service user with the Purchase group alone;
`keeper` may make products and no orders; `person` is somebody of the ERP's own staff who may process and receive.
"""

import datetime
import json
import sys
from decimal import Decimal
from pathlib import Path

from proteus import Model
from proteus import config as proteus_config
from trytond.modules.account.tests.tools import create_chart, get_accounts
from trytond.modules.company.tests.tools import create_company, get_company
from trytond.modules.currency.tests.tools import get_currency


def seed(data):
    create_company(currency=get_currency(data["currency"]))
    for code in ("EUR",):
        get_currency(code)
    company = get_company()
    company.party.name = data["company"]
    company.party.save()
    create_chart(company)
    accounts = get_accounts(company)
    # Orders stay confirmed for a day, so that a cancellation in time is possible at all.
    configuration = Model.get("purchase.configuration")(1)
    configuration.purchase_process_after = datetime.timedelta(days=1)
    configuration.save()
    vendors(data["vendors"])
    items(data["items"], accounts)
    user(data["user"], ["Purchase"])
    user(data["keeper"], ["Account Product Administration"])
    user(data["person"], ["Purchase", "Purchase Administrator", "Stock", "Accounting"])


def vendors(rows):
    Party = Model.get("party.party")
    for row in rows:
        Party(name=row["name"], code=row["code"]).save()


def items(rows, accounts):
    Category, Template = Model.get("product.category"), Model.get("product.template")
    Uom, UomCategory = Model.get("product.uom"), Model.get("product.uom.category")
    units = UomCategory.find([("name", "=", "Units")])[0]
    goods = Category(name="Goods", accounting=True, account_expense=accounts["expense"])
    goods.account_revenue = accounts["revenue"]
    goods.save()
    for row in rows:
        found = Uom.find([("name", "=", row["unit"])])
        unit = found[0] if found else Uom(name=row["unit"], symbol=row["unit"], category=units, rate=1.0, factor=1.0)
        if not found:
            unit.digits, unit.rounding = 0, 1.0
            unit.save()
        template = Template(name=row["name"], type=row.get("type", "goods"), purchasable=True, default_uom=unit)
        template.purchase_uom = unit
        template.account_category = goods
        template.products[0].suffix_code = row["code"]
        template.products[0].cost_price = Decimal(row["price"])
        template.save()


def user(row, groups):
    Group = Model.get("res.group")
    person = Model.get("res.user")(name=row["login"], login=row["login"])
    person.companies.append(get_company())
    person.company = get_company()
    person.save()
    person.groups.extend(Group.find([("name", "in", groups)]))
    person.password = row["password"]
    person.save()


if __name__ == "__main__":
    config_file, database, data_file = sys.argv[1:]
    proteus_config.set_trytond(f"sqlite:///{database}", config_file=config_file)
    seed(json.loads(Path(data_file).read_text()))
