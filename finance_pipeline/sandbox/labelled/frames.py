"""The frames as anyone can hand them to the engine, and the truth beside them, under ids that say nothing.

Here: columns, types, ids and orders of rows as matching.md promises them. Not here: what happened.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import FIRST_DAY, KIND, KINDS, MENTION, NONE, ROLES, Ints, stream
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.profiles import CURRENCIES, PROFILES
from finance_pipeline.sandbox.labelled.shapes import PLANS, SHAPES
from finance_pipeline.sandbox.labelled.words import PROCESSORS

_FRAMES = ("bank_lines", "open_items", "parties", "remittances", "fx_rates")
_TRUTH = ("truth_allocations", "truth_lines")
TRUTH_FOLDER = "truth"


@dataclass(frozen=True)
class Labelled:
    """What the engine gets, and what is true.

    truth_allocations: one row per part: line_id, item_id or other_line_id, amount_minor (of the line),
    item_amount_minor (of the item), role, shape. truth_lines: one row per line: line_id, shape, plan (what the case was
    meant to show), resolvable, tier (evidence that singles it out; null if none does), why (what does, or what is
    missing), guess (matching it can only be a guess), unit_id (lines that are judged as one; null for most).
    """

    bank_lines: pl.DataFrame
    open_items: pl.DataFrame
    parties: pl.DataFrame
    remittances: pl.DataFrame
    fx_rates: pl.DataFrame
    truth_allocations: pl.DataFrame
    truth_lines: pl.DataFrame

    def write(self, folder: Path) -> None:
        """Parquet files: the engine's inputs in the folder, the truth in a folder of its own within."""
        (folder / TRUTH_FOLDER).mkdir(parents=True, exist_ok=True)
        for name in _FRAMES:
            getattr(self, name).write_parquet(folder / f"{name}.parquet")
        for name in _TRUTH:
            getattr(self, name).write_parquet(folder / TRUTH_FOLDER / f"{name}.parquet")


def read_labelled(folder: Path) -> Labelled:
    """What write wrote."""
    inputs = {name: pl.read_parquet(folder / f"{name}.parquet") for name in _FRAMES}
    return Labelled(**inputs, **{name: pl.read_parquet(folder / TRUTH_FOLDER / f"{name}.parquet") for name in _TRUTH})


def day_expr(name: str) -> pl.Expr:
    """A column of days as dates; NONE is null."""
    return pl.when(pl.col(name) != NONE).then(pl.lit(FIRST_DAY) + pl.duration(days=name)).cast(pl.Date).alias(name)


def coded(name: str, texts: tuple[str, ...] | list[str]) -> pl.Expr:
    """A column of positions as their texts; NONE is null."""
    written = pl.col(name).replace_strict(dict(enumerate(texts)), default=None, return_dtype=pl.String)
    return pl.when(pl.col(name) != NONE).then(written).alias(name)


def book_names(who: Companies) -> list[str]:
    books = enumerate(who.profile, start=who.first_book)
    return [f"{PROFILES[profile].country}{book // len(PROFILES) + 1}" for book, profile in books]


def account_ids(who: Companies, own_accounts: pl.Series) -> list[str]:
    """Accounts by their number, or, where a book's feed does not tell it, by a name."""
    books = book_names(who)
    return [
        own_accounts[position] if book % 2 == 0 else f"{books[book]}-{CURRENCIES[currency].lower()}-{position}"
        for position, (book, currency) in enumerate(zip(who.account_book, who.account_currency, strict=True))
    ]


def party_ids(who: Companies) -> pl.Series:
    prefix = pl.Series(np.where(who.party_role == 0, "C", "S"))
    return prefix + pl.Series(who.party_number).cast(pl.String)


def bank_lines(
    lines: pl.DataFrame, line_ids: pl.Series, who: Companies, own_accounts: pl.Series, seed: int
) -> pl.DataFrame:
    """One row a line, in random order."""
    rng = stream(seed, "line order")
    value = pl.Series(rng.choice([0, 0, 0, 1, 2], lines.height))
    gives_value = pl.col("book") % 3 != 2
    made = lines.select(
        line_ids.gather(lines["line"]).alias("line_id"),
        coded("book", book_names(who)),
        coded("account", account_ids(who, own_accounts)).alias("account_id"),
        coded("currency", CURRENCIES),
        pl.col("amount").alias("amount_minor"),
        day_expr("booked").alias("booked_on"),
        pl.when(gives_value)
        .then(pl.lit(FIRST_DAY) + pl.duration(days=pl.col("booked") + value))
        .cast(pl.Date)
        .alias("value_on"),
        pl.when(pl.col("pending") == 1).then(pl.lit("pending")).otherwise(pl.lit("booked")).alias("status"),
        *("counterparty_name", "counterparty_account", "memo", "end_to_end_id", "bank_reference", "transaction_code"),
        pl.when(pl.col("original_currency") != NONE).then("original").alias("original_amount_minor"),
        coded("original_currency", CURRENCIES),
    )
    return made[rng.permutation(made.height)]


def open_items(
    items: dict[str, Ints],
    numbers: pl.DataFrame,
    key_frames: dict[str, pl.DataFrame],
    item_ids: pl.Series,
    who: Companies,
    own_accounts: pl.Series,
    seed: int,
) -> pl.DataFrame:
    """One row an item, in random order."""
    rng = stream(seed, "item order")
    party = pl.Series(items["party"])
    texts = {name: _text_of(items[name], frame) for name, frame in key_frames.items()}
    trace = _text_of(items["group"], key_frames["group"].select("position", text="trace"))
    ids, party_names = party_ids(who), who.party_name
    owner = party.clip(0)
    stored = pl.Series(rng.random(who.book_count) < 0.6).gather(items["book"])
    frame = pl.DataFrame(items).with_columns(
        numbers["number"],
        structured_text=numbers["structured"],
        item_id=item_ids,
        owner_id=ids.gather(owner),
        owner_name=party_names.gather(owner),
        in_table=pl.Series(who.in_table).gather(owner),
        group_text=texts["group"],
        trace=trace,
        instruction_text=texts["instruction"],
        cheque_text=texts["cheque"],
        stored=stored,
    )
    named = pl.col("party") != NONE
    made = frame.select(
        "item_id",
        coded("book", book_names(who)),
        coded("kind", KINDS),
        coded("currency", CURRENCIES),
        pl.col("amount").alias("amount_minor"),
        pl.when(pl.col("net") != 0).then("net").alias("net_minor"),
        day_expr("issued").alias("issued_on"),
        day_expr("due").alias("due_on"),
        day_expr("available").alias("available_on"),
        pl.when(named & (pl.col("unlisted") == 0)).then("owner_id").alias("party_id"),
        pl.when(named).then("owner_name").alias("party_name"),
        "number",
        _references().alias("references"),
        pl.when(pl.col("kind") != KIND["payout"]).then("group_text").alias("group_id"),
        pl.when((pl.col("group") != NONE) & (pl.col("kind") != KIND["payout"]))
        .then(pl.when(pl.col("kind") == KIND["payment"]).then(pl.lit("payment_run")).otherwise(pl.lit("payout")))
        .alias("group_kind"),
        coded("processor", [f"{name.lower()}-main" for name in PROCESSORS]).alias("processor_account"),
        coded("account", account_ids(who, own_accounts)),
        pl.when(pl.col("discount_tenths") > 0)
        .then((pl.col("discount_tenths").cast(pl.Decimal(9, 4)) / 10).cast(pl.Decimal(9, 4)))
        .alias("discount_percent"),
        day_expr("discount_until"),
        pl.lit("open").alias("status"),
    )
    return made[rng.permutation(made.height)]


def _references() -> pl.Expr:
    """Other texts that name an item: our end-to-end id, a cheque, the customer's order, the payer's own number."""
    payout = pl.col("kind") == KIND["payout"]
    texts = pl.concat_list(
        "instruction_text",
        "cheque_text",
        pl.when(payout).then("group_text"),
        pl.when(payout).then("trace"),
        pl.when(pl.col("order") != NONE).then(pl.format("PO{}", "order")),
        pl.when("stored").then("structured_text"),
    ).list.drop_nulls()
    return pl.when(texts.list.len() > 0).then(texts)


def _text_of(positions: Ints, texts: pl.DataFrame) -> pl.Series:
    return pl.DataFrame({"position": positions}).join(texts, on="position", how="left", maintain_order="left")["text"]


def parties(who: Companies, party_accounts: pl.Series, seed: int) -> pl.DataFrame:
    """One row a party that is on record."""
    rng = stream(seed, "party order")
    listed = pl.Series(who.listed_account)
    made = pl.DataFrame(
        {
            "party_id": party_ids(who),
            "role": pl.Series(np.where(who.party_role == 0, "customer", "supplier")),
            "name": who.party_name,
            "alias": who.party_alias,
            "account": party_accounts,
            "listed_account": listed,
            "listed_alias": pl.Series(who.listed_alias),
            "currency": pl.Series(np.array(CURRENCIES)[who.party_currency]),
            "terms_days": who.party_terms,
            "in_table": pl.Series(who.in_table),
        }
    ).filter("in_table")
    made = made.select(
        "party_id",
        "role",
        "name",
        pl.when("listed_alias").then(pl.concat_list("alias")).alias("aliases"),
        pl.when("listed_account").then(pl.concat_list("account")).alias("account_numbers"),
        "currency",
        "terms_days",
    )
    return made[rng.permutation(made.height)]


def remittances(
    lines: pl.DataFrame, parts: pl.DataFrame, mentions: pl.DataFrame, who: Companies, options: Options
) -> pl.DataFrame:
    """One row a document of each advice that came apart from the money."""
    rng = stream(options.seed, "advices")
    advised = mentions.filter(pl.col("mention") == MENTION["advice"]).select("line", "item", "number")
    paid = (
        parts.filter(pl.col("item") != NONE).group_by("line", "item", maintain_order=True).agg(pl.col("amount").sum())
    )
    rows = advised.join(paid, on=["line", "item"], how="left", maintain_order="left")
    facts = lines.select("line", "booked", "currency", "party", total="amount", name="name_text")
    rows = rows.join(facts, on="line", how="left", maintain_order="left")
    order = rows.select("line").unique(maintain_order=True)
    code = random_ids("ra", order.height, options).alias("remittance_id")
    early = pl.Series("early", rng.integers(0, 4, order.height))
    rows = rows.join(order.with_columns(code, early), on="line", how="left", maintain_order="left")
    known = who.party_name.gather(rows["party"].clip(0))
    return (
        rows.with_columns(known=known)
        .select(
            "remittance_id",
            (pl.lit(FIRST_DAY) + pl.duration(days=pl.col("booked") - pl.col("early")))
            .cast(pl.Date)
            .alias("received_on"),
            pl.col("known").alias("payer_name"),
            coded("currency", CURRENCIES),
            pl.col("total").alias("total_minor"),
            pl.col("number").alias("line_reference"),
            pl.col("amount").alias("line_minor"),
        )
        .sort("remittance_id", "line_reference")
    )


def fx_rates(table: Ints) -> pl.DataFrame:
    """One row a working day and currency."""
    days = np.arange(table.shape[0])
    days = days[days % 7 < 5]
    columns = []
    for code in range(1, len(CURRENCIES)):
        micro = pl.Series(table[days, code]).cast(pl.Decimal(38, 10))
        date = pl.Series(np.datetime64(FIRST_DAY) + days.astype("timedelta64[D]")).cast(pl.Date)
        columns.append(
            pl.DataFrame({"date": date, "m": micro}).select(
                "date",
                pl.lit(CURRENCIES[code]).alias("currency"),
                (pl.col("m") / 1_000_000).cast(pl.Decimal(18, 10)).alias("per_eur"),
            )
        )
    return pl.concat(columns).sort("date", "currency")


def random_ids(prefix: str, count: int, options: Options) -> pl.Series:
    """Different ids in no order."""
    rng, width = stream(options.seed, "ids", prefix), len(str(count)) + 1
    mark = f"{prefix}{options.part}-" if options.part else prefix
    return mark + pl.Series(rng.permutation(count)).cast(pl.String).str.zfill(width)


def truth_allocations(
    parts: pl.DataFrame, lines: pl.DataFrame, line_ids: pl.Series, item_ids: pl.Series
) -> pl.DataFrame:
    """One row a part."""
    other, item = parts["other"], parts["item"]
    shapes = lines.select("line", "shape")
    made = parts.join(shapes, on="line", how="left", maintain_order="left").with_columns(
        line_id=line_ids.gather(parts["line"]),
        item_id=item_ids.gather(item.clip(0)),
        other_line_id=line_ids.gather(other.clip(0)),
    )
    linked = pl.col("item") != NONE
    return made.select(
        "line_id",
        pl.when(linked).then("item_id").alias("item_id"),
        pl.when(pl.col("other") != NONE).then("other_line_id").alias("other_line_id"),
        pl.col("amount").alias("amount_minor"),
        pl.when(linked).then("item_amount").alias("item_amount_minor"),
        coded("role", ROLES),
        coded("shape", SHAPES),
    ).sort("line_id", "item_id", "other_line_id", "role", "amount_minor")


def truth_lines(lines: pl.DataFrame, line_ids: pl.Series, verdicts: pl.DataFrame) -> pl.DataFrame:
    """One row a line. verdicts: resolvable, tier, why and guess of each line, in order."""
    unit = lines["unit"]
    return (
        pl.concat([lines, verdicts], how="horizontal")
        .select(
            line_ids.gather(lines["line"]).alias("line_id"),
            coded("shape", SHAPES),
            coded("plan", PLANS),
            "resolvable",
            "tier",
            "why",
            "guess",
            pl.when(unit != NONE).then(line_ids.gather(unit.clip(0))).alias("unit_id"),
        )
        .sort("line_id")
    )


def put_together(parts: Path, count: int, folder: Path) -> None:
    """One set of files out of those of so many parts, which are removed. Exchange rates are the same in all of them."""
    (folder / TRUTH_FOLDER).mkdir(parents=True, exist_ok=True)
    for name in (*_FRAMES, *(f"{TRUTH_FOLDER}/{each}" for each in _TRUTH)):
        files = [parts / str(part) / f"{name}.parquet" for part in range(1 if name == "fx_rates" else count)]
        pl.scan_parquet(files).sink_parquet(folder / f"{name}.parquet")
    shutil.rmtree(parts)
