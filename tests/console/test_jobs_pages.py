"""Importing by the page: tried, watched, kept, refused; and who sees whose background work."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ledger import gauges, jobs
from ledger.models import Job
from ledger.rights import Role
from tests.cast import make_person
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_reads_the_gauge(monkeypatch):
    """Its connection of its own does not see what a test has not committed; tests/ledger/test_jobs.py tries it."""
    monkeypatch.setattr(gauges, "open_gauge", lambda job: nullcontext(gauges.SILENT))


VENDORS = "name,country\nAcme,DE\nBolt,FR\n"


def upload(client, text=VENDORS, *, kind="vendors", **options):
    table = SimpleUploadedFile("vendors.csv", text.encode(), content_type="text/csv")
    return client.post(reverse("console:import"), {"kind": kind, "file": table, **options})


def page_of(client, job) -> str:
    return client.get(reverse("console:job", args=[job.reference])).content.decode()


def test_a_file_is_tried_watched_and_then_kept(sign_in, olga):
    client = sign_in(olga)
    answer = upload(client, dry_run="on", mail="on")
    job = Job.objects.get()
    assert answer.url == reverse("console:job", args=[job.reference])
    assert "every 1s" in page_of(client, job)
    jobs.run(job.reference)
    told = page_of(client, job)
    assert "every 1s" not in told
    assert "Tried; nothing was kept." in told
    assert not Vendor.objects.exists()
    client.post(reverse("console:import-for-real", args=[job.reference]))
    kept = Job.objects.latest("pk")
    jobs.run(kept.reference)
    assert "Imported." in page_of(client, kept)
    assert sorted(Vendor.objects.values_list("name", flat=True)) == ["Acme", "Bolt"]
    report = client.get(reverse("console:job-file", args=[kept.reference])).content.decode()
    assert report.splitlines()[0] == "row,status,key,message"
    assert len(report.splitlines()) == 3


def test_rows_with_errors_stand_first_and_nothing_is_kept(sign_in, olga):
    client = sign_in(olga)
    upload(client, "name,country\nAcme,DE\n,FR\n<b>Bolt</b>,XXXX\n")
    job = Job.objects.get()
    jobs.run(job.reference)
    told = page_of(client, job)
    assert "Nothing was kept" in told
    assert [each["status"] for each in Job.objects.get().outcome["rows"]] == ["error", "error", "skipped"]
    assert "<b>Bolt" not in told
    assert not Vendor.objects.exists()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "spaceships"}, "Choose what the table holds."),
        ({"kind": ""}, "Choose what the table holds."),
    ],
)
def test_a_wrong_form_is_told_on_the_page_and_begins_nothing(sign_in, olga, form, said):
    answer = upload(sign_in(olga), **form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Job.objects.exists()


def test_without_a_file_nothing_begins(sign_in, olga):
    answer = sign_in(olga).post(reverse("console:import"), {"kind": "vendors"})
    assert answer.status_code == 422
    assert "Choose a CSV or XLSX file." in answer.content.decode()


def test_a_file_that_is_no_table_fails_with_the_reason(sign_in, olga):
    client = sign_in(olga)
    upload(client, "what,is,this\n1,2,3\n")
    job = Job.objects.get()
    jobs.run(job.reference)
    job.refresh_from_db()
    assert job.status == "failed"
    assert job.error
    assert job.error.split(".")[0] in page_of(client, job).replace("&#x27;", "'")


def test_only_those_who_import_see_the_page_and_others_work_is_as_absent(sign_in, olga, entity):
    rita = make_person("rita", Role.REQUESTER, entity=entity)
    upload(sign_in(olga))
    job, hers = Job.objects.get(), sign_in(rita)
    assert hers.get(reverse("console:import")).status_code == 403
    for name in ("job", "job-state", "job-file"):
        assert hers.get(reverse(f"console:{name}", args=[job.reference])).status_code == 404
    for name in ("job-cancel", "import-for-real"):
        assert hers.post(reverse(f"console:{name}", args=[job.reference])).status_code in (403, 404)
    job.refresh_from_db()
    assert (job.status, job.cancel_at, Job.objects.count()) == ("queued", None, 1)
    assert job.reference not in hers.get(reverse("console:jobs")).content.decode()


def test_cancelled_by_the_button(sign_in, olga):
    client = sign_in(olga)
    upload(client)
    job = Job.objects.get()
    client.post(reverse("console:job-cancel", args=[job.reference]))
    assert "Cancelled; it kept nothing." in page_of(client, job)


@pytest.mark.parametrize(
    ("kind", "said"), [("ledger.verify", "As written:"), ("ledger.compare", "Every row says what the ledger says.")]
)
def test_the_long_looks_at_the_ledger_are_begun_by_a_button(sign_in, olga, kind, said):
    client = sign_in(olga)
    client.post(reverse("console:job-look"), {"kind": kind})
    job = Job.objects.get()
    jobs.run(job.reference)
    told = page_of(client, job)
    assert said in told, told[told.find('id="job"') :][:900]
    assert client.post(reverse("console:job-look"), {"kind": "import"}).status_code == 404


def test_an_empty_table_has_the_columns(sign_in, olga):
    told = sign_in(olga).get(reverse("console:import-blank", args=["vendors"])).content.decode()
    assert told.startswith("name,number,")
