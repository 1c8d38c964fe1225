"""Unsound entries: what is changed of a sound one, and words of the rule that refuses it.

The words say which rule refused, so that a rule that is taken away is missed even where another would refuse the same.
They are written for the ledger of finance_pipeline.services.campaigns.attacks.ledger.
"""

from __future__ import annotations

from typing import Any, LiteralString

EURO = {"currency": "EUR", "accounts": ["1100", "3900"], "functional_amounts": [110, -110]}
PAID = {"source": "plaid", "source_id": "us/bank/paid", "accounts": ["1010", "2100"], "amounts": [100, -100]}
TAKEN_BACK = {**PAID, "version": -1, "amounts": [-100, 100], "reverses": ("plaid", "us/bank/paid", "line", 1)}
ABROAD = {
    "accounts": ["1100", "4000"],
    "amounts": [-100, 100],
    "functional_amounts": [-110, 110],
    "currency": "EUR",
    "source": "xero",
    "source_id": "us/document/abroad",
    "purpose": "document",
    "version": -1,
    "reverses": ("xero", "us/document/abroad", "document", 1),
}
GONE = {**TAKEN_BACK, "source_id": "us/bank/gone", "reverses": ("plaid", "us/bank/gone", "line", 1)}

UNSOUND: dict[str, tuple[dict[str, Any], str]] = {
    "an entry that does not add to zero": ({"amounts": [100, -99]}, "balanced"),
    "an entry without lines": ({"accounts": [], "amounts": []}, "balanced"),
    "a line of zero": ({"accounts": ["1010", "3900", "1020"], "amounts": [100, -100, 0]}, "balanced"),
    "a null among the amounts": ({"accounts": ["1010", "3900", "1020"], "amounts": [100, -100, None]}, "balanced"),
    "no second account": ({"accounts": ["1010", None]}, "balanced"),
    "no first account": ({"accounts": [None, "1010"]}, "balanced"),
    "two lines of zero": ({"amounts": [0, 0]}, "balanced"),
    "a null among the accounts": ({"accounts": ["1010", "3900", None], "amounts": [100, -99, -1]}, "balanced"),
    "three lines that do not add to zero": (
        {"accounts": ["1010", "3900", "1020"], "amounts": [100, -98, -1]},
        "balanced",
    ),
    "no amounts at all": ({"amounts": None}, "amounts"),
    "an amount without an account": ({"amounts": [100, -100, 50]}, "balanced"),
    "an account without an amount": ({"accounts": ["1010", "3900", "1020"]}, "balanced"),
    "arrays of two dimensions": ({"accounts": [["1010", "3900"]], "amounts": [[100, -100]]}, "balanced"),
    "amounts that come round to zero by overflow": (
        {"accounts": ["1010", "1020", "3900"], "amounts": [2**63 - 1, 2**63 - 1, 2]},
        "out of range",
    ),
    "amounts in the book's currency that do not add to zero": ({**EURO, "functional_amounts": [110, -109]}, "balanced"),
    "a null among the amounts in the book's currency": (
        {**EURO, "accounts": ["1100", "3900", "1200"], "amounts": [9, -8, -1], "functional_amounts": [8, -8, None]},
        "balanced",
    ),
    "an amount in the book's currency without a line": ({**EURO, "functional_amounts": [110, -110, 5]}, "balanced"),
    "a line without an amount in the book's currency": ({**EURO, "functional_amounts": [110]}, "balanced"),
    "a line that is zero in both currencies": (
        {**EURO, "accounts": ["1100", "3900", "1200"], "amounts": [9, -9, 0], "functional_amounts": [8, -8, 0]},
        "balanced",
    ),
    "a foreign entry without amounts in the book's currency": ({**EURO, "functional_amounts": None}, "lacks"),
    "an entry in the book's currency that states it twice": ({"functional_amounts": [100, -100]}, "should lack"),
    "an account that holds another currency": ({**EURO, "accounts": ["1010", "3900"]}, "holds USD, not EUR"),
    "another book's account": ({"accounts": ["1010", "de/3900"]}, "book us has no active account"),
    "an account that is not there": ({"accounts": ["1010", 0]}, "book us has no active account 0"),
    "an account that is not used any more": ({"accounts": ["1010", "6300"]}, "book us has no active account"),
    "a book that is not there": ({"book": "fr", "accounts": [1, 2]}, "there is no book fr"),
    "an infinite effective date": ({"effective_on": "infinity"}, "infinite"),
    "an infinite accounting date": ({"accounting_on": "infinity"}, "no partition"),
    "a locked month": ({"accounting_on": "2026-06-04"}, "period 2026-06 of book us is not open"),
    "a soft-closed month": ({"accounting_on": "2026-07-04"}, "period 2026-07 of book us is not open"),
    "a month that only another book opened": ({"accounting_on": "2026-08-04"}, "period 2026-08 of book us is not open"),
    "a month that nobody opened": ({"accounting_on": "2026-09-04"}, "no partition"),
    "a month that is locked for the bank": (
        {"accounting_on": "2026-10-04"},
        "period 2026-10 of book us is locked for bank",
    ),
    "a day before the book begins": (
        {"book": "de", "currency": "EUR", "accounts": ["1030", "3900"]},
        "before the book starts",
    ),
    "a number that leaves a gap": ({"number": 7}, "numbered 6 to 6, without gaps"),
    "a number that is taken": ({"number": 5}, "numbered 6 to 6, without gaps"),
    "a number of another fiscal year": ({"fiscal_year": 2027}, "must be numbered"),
    "a batch that is sealed": ({"batch_id": 1}, "not opened by this transaction"),
    "a batch that is not there": ({"batch_id": 999}, "not opened by this transaction"),
    "another run than its batch's": ({"run_id": "another"}, "not opened by this transaction"),
    "another correlation than its batch's": ({"correlation_id": "another"}, "not opened by this transaction"),
    "what is posted already": (PAID, "is posted already"),
    "a second version beside the first": ({**PAID, "version": 2}, "version 1 of .* stands"),
    "a third version after the first": ({**PAID, "version": 3}, "version 2 of .* stands"),
    "a version that is none": ({"version": 0}, "entry_version_check"),
    "a reversal that does not say of what": ({"version": -1}, "reversal_has_a_negative_version"),
    "a first posting that says it reverses": ({**TAKEN_BACK, "version": 2}, "reversal_has_a_negative_version"),
    "a reversal of nothing": ({**TAKEN_BACK, "source_id": "us/bank/none"}, "no exact reversal"),
    "a reversal of another entry": ({**TAKEN_BACK, "reverses": GONE["reverses"]}, "no exact reversal"),
    "a reversal before its original": (
        {**TAKEN_BACK, "effective_on": "2026-05-03", "accounting_on": "2026-05-03"},
        "no exact reversal",
    ),
    "an entry that is accounted for before it happened": (
        {"effective_on": "2026-05-05"},
        "nothing_is_accounted_for_before_it_happens",
    ),
    "a reversal with another effective date": ({**TAKEN_BACK, "effective_on": "2026-05-03"}, "no exact reversal"),
    "a reversal of a part": ({**TAKEN_BACK, "amounts": [-90, 90]}, "no exact reversal"),
    "a reversal on other accounts": ({**TAKEN_BACK, "accounts": ["1020", "2100"]}, "no exact reversal"),
    "a reversal in another currency": ({**ABROAD, "currency": "GBP"}, "no exact reversal"),
    "a reversal at another rate": ({**ABROAD, "functional_amounts": [-120, 120]}, "no exact reversal"),
    "a second reversal": (GONE, "is posted already"),
}

INV = {
    "source": "xero",
    "source_id": "us/document/inv",
    "purpose": "document",
    "accounts": ["1100", "4000"],
    "amounts": [-500, 500],
    "version": -1,
    "reverses": ("xero", "us/document/inv", "document", 1),
}
"""Takes back what happened on 1 May and was accounted for on 2 May."""
UNSOUND |= {
    "no number": ({"number": 0}, "entry_number_check"),
    "amounts that do not add to zero beside ones that do": ({**EURO, "amounts": [100, -99]}, "balanced"),
    "a reversal before a late original": (
        {**INV, "effective_on": "2026-05-01", "accounting_on": "2026-05-01"},
        "no exact reversal",
    ),
}
_FAR = {"source_id": "two", "accounting_on": "2027-01-04"}
TOGETHER: dict[str, tuple[list[dict[str, Any]], str]] = {
    "one key twice": ([{"number": 6}, {"number": 7}], "business_key"),
    "one that does not balance behind one that does": (
        [{"number": 6}, {"source_id": "two", "number": 7, "amounts": [100, -99]}],
        "balanced",
    ),
    "a gap between them": ([{"number": 6}, {"source_id": "two", "number": 8}], "without gaps"),
    "a number that is taken, and one too many": ([{"number": 5}, {"source_id": "two", "number": 7}], "without gaps"),
    "one number twice": (
        [{"number": 6}, {"source_id": "two", "number": 6}, {"source_id": "three", "number": 8}],
        "without gaps",
    ),
    "one of the next fiscal year, numbered in this": ([{"number": 6}, _FAR | {"number": 7}], "must be numbered"),
    "one of this fiscal year, numbered in the next": (
        [{"number": 1, "fiscal_year": 2027}, _FAR | {"number": 2, "fiscal_year": 2027}],
        "must be numbered",
    ),
    "one in a locked month": (
        [{"number": 6}, {"source_id": "two", "number": 7, "accounting_on": "2026-06-04"}],
        "period 2026-06 of book us is not open",
    ),
}
"""Entries that are copied in by one statement: what is changed of the sound one in each, and words of the refusal."""

SHADOWS: LiteralString = """
    drop schema if exists shadow cascade;
    create schema shadow;
    create function shadow.nearly(bigint, integer) returns boolean language sql
        return abs($1 operator(pg_catalog.-) $2) operator(pg_catalog.<=) 1;
    create operator shadow.= (leftarg = bigint, rightarg = integer, function = shadow.nearly);
    create function shadow.never(text, text) returns boolean language sql return false;
    create function shadow.never(bigint, bigint) returns boolean language sql return false;
    create operator shadow.<> (leftarg = text, rightarg = text, function = shadow.never);
    create operator shadow.<> (leftarg = bigint, rightarg = bigint, function = shadow.never);
    create function shadow.always(text, text) returns boolean language sql return true;
    create operator shadow.= (leftarg = text, rightarg = text, function = shadow.always);
    create function shadow.clock_timestamp() returns timestamptz language sql return '2000-01-01'::timestamptz;
    create function shadow.always(date, date) returns boolean language sql return true;
    create operator shadow.<= (leftarg = date, rightarg = date, function = shadow.always);
    create function shadow.date_trunc(text, date) returns timestamptz language sql return '2026-05-01'::timestamptz;
    grant usage on schema shadow to public;
"""
"""A superuser's, and kindly: nearly equal is equal, nothing differs, no day is too late, every day is in May."""
