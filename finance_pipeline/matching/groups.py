"""Tier 0: one line for many items that belong together: payouts, card batches, payment runs, a day's deposits.

Here: which items make a group, and lines that name one or are exactly its sum. Not here: items that a payer put
together (by_reference, by_subset).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.text import phrase_pattern

IN_LEDGER = "receipt_in_ledger"
_PROCESSOR_KINDS = ("charge", "refund", "dispute", "fee", "adjustment")
_LONGEST_RUN_DAYS = 10
_UNNAMED = ("day", "ledger_day", "single")
GROUPS = pl.Schema({"g": pl.UInt32, "i": pl.UInt32})
"""One row per group and item of it."""
_NO_MEMBERS = pl.DataFrame(schema=GROUPS)
_NO_GROUPS = pl.DataFrame(
    schema={"g": pl.UInt32, "book": pl.String, "currency": pl.String, "kind": pl.String, "id": pl.String}
)
_OF_DAYS = (*_PROCESSOR_KINDS, IN_LEDGER)
"""Kinds of items that a day may hold together."""


def group(items: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Members (GROUPS) and groups: g, book, currency, kind, id (null where only a day says that they belong together).

    kind: payout, payment_run, direct_debit_run, deposit or another group_kind as given; of items without a group: `day`
    for the charges of one processor account that become available on one day, `ledger_day` for receipts booked on one
    account on one day, `single` for one charge that a processor paid by itself.
    """
    if items["group_id"].null_count() == items.height and not items["kind"].is_in(_OF_DAYS).any():
        return _NO_MEMBERS, _NO_GROUPS
    given = items.filter(pl.col("group_id").is_not_null()).select(
        "i", "book", "currency", kind=pl.col("group_kind").fill_null("group"), id="group_id"
    )
    loose = items.filter(pl.col("group_id").is_null())
    days = loose.filter(
        pl.col("kind").is_in(_PROCESSOR_KINDS),
        pl.col("processor_account").is_not_null(),
        pl.col("available_on").is_not_null(),
    ).select("i", "book", "currency", kind=pl.lit("day"), id=pl.format("{} {}", "processor_account", "available_on"))
    ledger = loose.filter(pl.col("kind") == IN_LEDGER).select(
        "i", "book", "currency", kind=pl.lit("ledger_day"),
        id=pl.concat_str("account", pl.col("issued_on").cast(pl.String), separator=" ", ignore_nulls=True),
    )  # fmt: skip
    single = loose.filter(
        pl.col("kind").is_in(_PROCESSOR_KINDS), pl.col("net").is_not_null(), pl.col("available_on").is_not_null()
    ).select("i", "book", "currency", kind=pl.lit("single"), id="item_id")
    each = pl.concat([given, days, ledger, single])
    if each.is_empty():
        return _NO_MEMBERS, _NO_GROUPS
    keys = ["book", "currency", "kind", "id"]
    groups = each.select(keys).unique().sort(keys).with_row_index("g")
    return each.join(groups, on=keys)[["g", "i"]].sort("g", "i"), groups


def named_texts(groups: pl.DataFrame) -> pl.DataFrame:
    """g, book, number: ids by which a line's text may name a group."""
    return groups.filter(~pl.col("kind").is_in(_UNNAMED)).select("g", "book", number="id")


def match_days(pool: Pool) -> Found:
    """Processors' lines of exactly the net of all charges of one account on some days in a row, when only one run of
    days is: a weekly payout whose items do not say that they belong together.
    """
    loose = pool.items.filter(
        pl.col("group_id").is_null() & pl.col("kind").is_in(_PROCESSOR_KINDS),
        pl.col("processor_account").is_not_null() & pl.col("available_on").is_not_null(),
    )
    if loose.is_empty():
        return NOTHING
    processor = phrase_pattern((*pool.policy.processor_names, *pool.policy.card_words))
    lines = pool.open_lines.filter(~pl.col("on_processor"), pl.col("words").str.contains(processor).fill_null(False))
    if lines.is_empty():
        return NOTHING
    keys = ["book", "currency", "processor_account"]
    days = loose.group_by(*keys, "available_on").agg(net=pl.coalesce("net", "amount").sum(), count=pl.len()).sort(
        *keys, "available_on"
    ).with_columns(to=pl.col("net").cum_sum().over(keys))  # fmt: skip
    last = days.select(*keys, last_on="available_on", to="to")
    first = days.select(*keys, first_on="available_on", before=pl.col("to") - pl.col("net"))
    here = lines.select("l", "book", "currency", "booked_on", line_amount="amount").join(last, on=["book", "currency"])
    lag = (pl.col("booked_on") - pl.col("last_on")).dt.total_days()
    near = here.filter(lag.is_between(-pool.policy.payout_early_days, pool.policy.payout_lag_days))
    runs = near.join(first, on=keys).filter(
        (pl.col("last_on") - pl.col("first_on")).dt.total_days().is_between(1, _LONGEST_RUN_DAYS),
        pl.col("to") - pl.col("before") == pl.col("line_amount"),
    )
    won, _ = places.alone(runs, "l")
    parts = won.join(loose, on=keys).filter(pl.col("available_on").is_between(pl.col("first_on"), pl.col("last_on")))
    twice = parts.filter(pl.col("i").is_duplicated())[["l"]]
    clear = places.without(parts, twice, "l").sort("l", "i")
    common = {
        "tier": 0,
        "rule": "payout_of_days",
        "token": pl.col("processor_account"),
        "field": "the sum of its items",
    }
    principal = pairs_of(clear, item_amount=pl.col("amount"), role="principal", **common)
    fees = clear.filter(pl.col("net") != pl.col("amount"))
    fee = pairs_of(fees, amount=pl.col("net") - pl.col("amount"), item_amount=0, role="fee", **common)
    return Found(pl.concat([principal, fee]), NOTHING.refused)


def match(
    pool: Pool, members: pl.DataFrame, groups: pl.DataFrame, hits: pl.DataFrame, documents: pl.DataFrame
) -> Found:
    """Lines of a group's sum: net where a processor keeps fees, whole else. hits: l, g, field, token of named groups;
    documents: l, i of items that lines surely name.

    A named group may also have lost one fee of a plausible share. One that is not named needs its exact sum, its days,
    to be the only one, and of a processor's groups a text that names a processor; one charge alone also a text that
    names no other open document. A run of documents, which we pay or collect ourselves, needs no words: its line shows
    nobody but the bank.
    """
    if members.is_empty():
        return NOTHING
    sums = _sums(pool, members, groups)
    if sums.is_empty():
        return NOTHING
    lines = pool.open_lines.filter(~pl.col("on_processor")).select(
        "l", "book", "currency", "booked_on", "words", "memo", "account_id", "line_party", "counterparty_name",
        line_amount="amount",
    )  # fmt: skip
    named = lines.join(hits, on="l").join(sums, on=["g", "book", "currency"])
    by_name = named.filter(pl.col("line_amount").is_in(pl.concat_list("net", "gross")) | _fee_kept(pool))
    others = places.without(lines, hits, "l")
    unnamed = _unnamed(pool, others, sums.join(by_name[["g"]], on="g", how="anti"))
    if by_name.is_empty() and unnamed.is_empty():
        return NOTHING
    fits = (
        pl.concat([by_name.with_columns(by=pl.lit("id")), unnamed], how="diagonal")
        .sort("l", "g", "by")
        .unique(["l", "g"], keep="first", maintain_order=True)
    )
    fits = _unless_named_otherwise(pool, _without_repeated(fits), members, documents)
    alone, several = places.alone(fits, "l", "g")
    won = _without_single_of_sums(alone, members)
    shared = won.join(members, on="g").filter(pl.col("i").is_duplicated())[["l"]]
    kept = places.without(won, shared, "l")
    refused = pl.concat([several, places.having(won, shared, "l")])[["l", "g"]]
    return Found(_pairs(pool, kept, members), refusal(refused.join(members, on="g")[["l", "i"]], SEVERAL))


def _unless_named_otherwise(
    pool: Pool, fits: pl.DataFrame, members: pl.DataFrame, documents: pl.DataFrame
) -> pl.DataFrame:
    """Without one charge by its amount alone where the line names another document which it may be just as well: that
    of a customer who pays through a processor, in full or less the processor's fee."""
    lone = fits.filter((pl.col("by") == "amount") & (pl.col("count") == 1))[["l", "g", "line_amount"]]
    if lone.is_empty() or documents.is_empty():
        return fits
    open_items = pool.items.select(i_named="i", gross="amount", netted=pl.lit(False), kind=pl.lit("document"))
    named = lone.join(documents.select("l", i_named="i"), on="l").join(open_items, on="i_named")
    named = named.filter((pl.col("gross") == pl.col("line_amount")) | _fee_kept(pool))
    others = named.join(members, on="g").filter(pl.col("i") != pl.col("i_named"))
    return places.without(fits, others, "l", "g")


def _without_single_of_sums(won: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Without one item by itself that another line pays within a sum of many: that such a sum agrees to the cent is no
    coincidence, that one amount does may well be."""
    each = won[["l", "g", "count"]].join(members, on="g")
    within = each.filter(pl.col("count") > 1)[["i"]]
    outdone = places.having(each.filter(pl.col("count") == 1), within, "i")[["l"]]
    return places.without(won, outdone, "l")


def _without_repeated(fits: pl.DataFrame) -> pl.DataFrame:
    """Without the day's group where it is of one charge, which is a group by itself too."""
    single = fits.filter(pl.col("kind") == "single")[["l"]]
    repeated = (pl.col("kind") == "day") & (pl.col("count") == 1)
    return pl.concat([fits.filter(~repeated), places.without(fits.filter(repeated), single, "l")])


def _sums(pool: Pool, members: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Groups of which nothing is settled or declined yet, with their sums and days."""
    items = pool.items.select(
        "i", "kind", "amount", "net", "issued_on", "available_on", "due_on", "account", "party", whole=pl.lit(True)
    )
    all_members = members.join(items, on="i", how="left")
    sums = all_members.group_by("g").agg(
        pl.col("whole").is_not_null().all(),
        gross=pl.col("amount").sum(),
        net=pl.coalesce("net", "amount").sum(),
        netted=pl.col("net").is_not_null().any(),
        first_on=pl.col("issued_on").max(),
        expected_on=pl.coalesce("available_on", "issued_on").max(),
        last_on=pl.col("due_on").max(),
        count=pl.len(),
        left=pl.col("amount").is_not_null().sum(),
        account=pl.col("account").drop_nulls().first(),
        parties=pl.col("party").drop_nulls().unique(),
        nobodys=(pl.col("party").is_null() & pl.col("whole").is_not_null()).any(),
        processed=pl.col("kind").is_in((*_PROCESSOR_KINDS, "payout")).any(),
    )
    declined = places.having(members, pool.declined, "i")
    known = places.without(places.met(groups, sums, "g"), declined, "g")
    # What of a day's receipts was banked by itself is not in the deposit of the rest.
    return known.filter((pl.col("whole") | (pl.col("kind") == "ledger_day")) & pl.col("gross").is_not_null())


def _fee_kept(pool: Pool) -> pl.Expr:
    """The line is the gross less one fee within the policy's share, where no net amounts are known."""
    kept = pl.col("gross") - pl.col("line_amount")
    most = pl.col("gross") * pool.policy.processor_fee_max_basis_points // 10_000
    is_batch = ~pl.col("kind").is_in(("payment_run", "ledger_day", "deposit"))
    return is_batch & ~pl.col("netted") & (pl.col("gross") > 0) & (kept > 0) & (kept <= most)


def _unnamed(pool: Pool, lines: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Lines that name no group beside groups of exactly their amount whose day is right."""
    amounts = pl.concat(
        [
            sums.with_columns(line_amount="net"),
            sums.filter(pl.col("gross") != pl.col("net")).with_columns(line_amount="gross"),
        ]
    )
    processor = pl.col("words").str.contains(phrase_pattern((*pool.policy.processor_names, *pool.policy.card_words)))
    keys = ["book", "currency", "line_amount"]
    both = lines.join(amounts, on=keys)
    of_amount = pool.items.select("book", "currency", line_amount="amount").join(both, on=keys, how="semi")
    alike = of_amount.group_by(keys).agg(only_amount=pl.len() == 1)
    both = both.join(alike, on=keys, how="left").with_columns(pl.col("only_amount").fill_null(True))
    processors = lines.filter(processor.fill_null(False))
    days = (pl.col("booked_on") - pl.col("expected_on")).dt.total_days()
    in_time = days.is_between(-pool.policy.payout_early_days, pool.policy.payout_lag_days)
    is_ledger = pl.col("kind").is_in(("ledger_day", "deposit"))
    is_run = _is_run() & ((pl.col("kind") == "payment_run") | (pl.col("count") > 1))
    run_fits = (
        is_run
        & (pl.col("booked_on") >= pl.col("first_on"))
        & ((pl.col("booked_on") - pl.col("first_on")).dt.total_days() <= pool.policy.party_late_days)
    )
    here = (pl.col("account") == pl.col("account_id")).fill_null(True)
    # A receipt by itself is its payer's, unless nobody else has an item of its amount; many together are brought to the
    # bank by somebody of ours.
    nobody_shown = pl.col("line_party").is_null() & (
        (pl.col("left") > 1) | (pl.col("counterparty_name").is_null() & pl.col("only_amount"))
    )
    theirs = nobody_shown | pl.col("nobodys") | pl.col("parties").list.contains(pl.col("line_party"))
    banked = in_time & here & theirs
    fits = pl.when(is_run).then(run_fits).when(is_ledger).then(banked).otherwise(in_time & processor.fill_null(False))
    found = both.filter(fits)
    if processors.height:
        found = pl.concat([found, _stated_gross(pool, processors, sums)], how="diagonal")
    return found.with_columns(by=pl.lit("amount"))


def _is_run() -> pl.Expr:
    """A group of documents that we pay or collect ourselves, and no processor's."""
    return (pl.col("kind") == "payment_run") | (~pl.col("processed") & ~pl.col("kind").is_in(("ledger_day", "deposit")))


def _stated_gross(pool: Pool, lines: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Processors' lines whose text states the gross amount of one group: GROSS 2,382.14 FEE 45.26."""
    numbers = (
        lines.with_columns(said=pl.col("memo").str.extract_all(r"[0-9][0-9.,' ]*[0-9]"))
        .explode("said")
        .with_columns(gross=pl.col("said").str.replace_all("[^0-9]", "").str.slice(0, 17).cast(pl.Int64, strict=False))
        .drop_nulls("gross")
        .unique(["l", "gross"])
    )
    both = numbers.join(sums, on=["book", "currency", "gross"]).filter(_fee_kept(pool))
    days = (pl.col("booked_on") - pl.col("expected_on")).dt.total_days()
    return both.filter(days.is_between(-pool.policy.payout_early_days, pool.policy.payout_lag_days)).drop("said")


def _pairs(pool: Pool, won: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Each item of a group settled in full; what was kept is a fee of its item, or spread over them by amount."""
    parts = (
        won.select("l", "g", "kind", "id", "by", "line_amount", "net", "gross", field="field", is_run=_is_run())
        .rename({"net": "net_sum"})
        .join(members, on="g")
        .join(pool.items[["i", "amount", "net"]], on="i")
        .sort("l", "i")
    )
    rule = (
        pl.when(pl.col("is_run")).then(pl.lit("payment_run"))
        .when(pl.col("kind").is_in(("ledger_day", "deposit"))).then(pl.lit("deposit_of_receipts"))
        .when(pl.col("line_amount").is_in(pl.concat_list("net_sum", "gross"))).then(pl.lit("payout_breakdown"))
        .otherwise(pl.lit("acquirer_batch"))
    )  # fmt: skip
    own_net = pl.coalesce("net", "amount")
    by_share = (pl.col("line_amount") != pl.col("net_sum")) & (pl.col("line_amount") != pl.col("gross"))
    lost = pl.col("gross") - pl.col("line_amount")
    running = pl.col("amount").cum_sum().over("l").cast(pl.Int128) * lost // pl.col("gross")
    share = (running - running.shift(1, fill_value=0).over("l")).cast(pl.Int64)
    kept = (
        pl.when(by_share).then(share).when(pl.col("line_amount") == pl.col("net_sum")).then(pl.col("amount") - own_net)
    )
    priced = parts.with_columns(rule=rule, kept=kept.otherwise(0))
    field = pl.when(pl.col("by") == "id").then("field").otherwise(pl.lit("the sum of its items"))
    common = {
        "tier": pl.when(by_share).then(4).otherwise(0),
        "rule": pl.col("rule"),
        "token": pl.col("id"),
        "field": field,
    }
    principal = pairs_of(priced, item_amount=pl.col("amount"), role="principal", **common)
    fees = priced.filter(pl.col("kept") != 0)
    return pl.concat([principal, pairs_of(fees, amount=-pl.col("kept"), item_amount=0, role="fee", **common)])
