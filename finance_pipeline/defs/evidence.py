"""The evidence stage: what each source said, landed byte for byte, once.

Here: one asset per kind of source, each pulling all its connections from their cursors. Unpartitioned: a pull has a
cursor, not a month; what it lands says which months it touched, and the touched_months sensor requests those.
Not here: HTTP, files, or what a record means.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from finance_pipeline.core.settings import ConnectionKind
from finance_pipeline.defs.reporting import DAILY, STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books

KINDS: dict[ConnectionKind, tuple[str, str]] = {
    "plaid": ("plaid_evidence", "One row per observation of a bank transaction or account at Plaid."),
    "stripe": ("stripe_evidence", "One row per observation of a balance movement, payout or balance at Stripe."),
    "xero": ("xero_evidence", "One row per observation of an invoice, bill, payment or contact at Xero."),
    "camt053": ("statement_evidence", "One row per entry or balance of a bank's own statement files."),
    "ecb": ("exchange_rates", "One row per currency and day with a published ECB reference rate."),
}
"""Kind of connection -> its asset and that asset's grain."""
ASSETS: dict[str, str] = {kind: asset for kind, (asset, _) in KINDS.items()}


CHECK = "connections_are_well"
_NEEDS = "its owner, a setting, or that a server answers again. One that is throttled reads on by itself."


def wellness(asset: str, troubles: Sequence[str]) -> dg.AssetCheckResult:
    """The check of an asset's connections, with a line for each that is not well."""
    words = dg.MetadataValue.md("\n".join(f"- {each}" for each in troubles) or "All are well.")
    return dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=asset,
        passed=not troubles,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"connections": words},
    )


def evidence_of(kind: ConnectionKind) -> dg.AssetsDefinition:
    """The asset that pulls all connections of one kind. One failing connection stops no other."""
    name, grain = KINDS[kind]

    @dg.multi_asset(
        name=name,
        specs=[
            spec(
                name,
                "As it came, immutable; cursor and landing commit together.",
                grain=grain,
                group_name=STAGES[0],
                kinds={kind, "parquet", "postgres"},
                code_version=code_version("sources", "landing"),
                freshness_policy=DAILY,
            )
        ],
        check_specs=[dg.AssetCheckSpec(CHECK, asset=name, description="No connection needs somebody: " + _NEEDS)],
    )
    def pull(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
        from finance_pipeline.services import api

        with told_clearly():
            done = api.sync(books.workspace, kind)
            troubles = api.troubles(books.workspace, kind)
        yield result_of(context, done, [wellness(name, troubles)])

    return pull


evidence_assets = [evidence_of(kind) for kind in KINDS]
