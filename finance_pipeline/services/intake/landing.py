"""The landing is verified: the manifest against the folder, its files against their names, and rows against bytes."""

from __future__ import annotations

from dataclasses import dataclass

from finance_pipeline.landing import verification
from finance_pipeline.landing.verification import Defect, Manifest, Tell
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query


@dataclass(frozen=True)
class Verified:
    """What a verification found. defects: all of them, files first."""

    file_count: int
    byte_count: int
    page_count: int
    version_count: int
    defects: list[Defect]


def verify(workspace: Workspace, tell: Tell) -> Verified:
    """Hash every landed file, page and payload anew and compare it with the manifest. Changes nothing.

    A pull that lands meanwhile is no defect: the manifest is read first and last, and what only the second reading
    lists is left to the next verification.
    """
    before, faults = _manifest(workspace)
    observed = verification.observe(workspace.landing.root, tell)
    defects = verification.compare_files(before.files, observed)
    if any(defect.kind == "unlisted" for defect in defects):
        landed_since = set(_manifest(workspace)[0].files["path"]) - set(before.files["path"])
        defects = [defect for defect in defects if defect.where not in landed_since]
    defects += verification.compare_contents(workspace.landing.root, before, {d.where for d in defects}, tell)
    return Verified(
        before.files.height,
        int(observed["byte_count"].sum()),
        before.pages.height,
        before.records.height,
        defects + faults,
    )


def _manifest(workspace: Workspace) -> tuple[Manifest, list[Defect]]:
    """The manifest as it stands at one moment, and where it contradicts itself."""
    with workspace.database.transaction(role="reader") as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        manifest = Manifest(
            copy_out(conn, "select * from landing.file order by landed_at, path", None, verification.FILES),
            copy_out(conn, "select * from landing.page", None, verification.PAGES),
            copy_out(conn, "select * from landing.record", None, verification.RECORDS),
        )
        faults = conn.execute(query("manifest_faults")).fetchall()
    return manifest, [Defect("manifest", where, words, verification.EDITED) for where, words in faults]
