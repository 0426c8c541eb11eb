"""Policy versions and bounds change only by a decided proposal or at set-up."""

from django.db import migrations

from ledger import governed


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("ledger", "0002_triggers")]
    operations = [*governed.protect("approvals_policyversion", "approvals_bounds")]
