"""Conditions in the functions of the ledger, and what each becomes when it is taken away: (function, text, instead).

Left out are two that another one always stands behind: a batch of another transaction is sealed or was never there (a
test forges one), and the accounts of a book that is not there are not there either. Locking a
period must begin a transaction, and so after no mutation: the tests of closing show its conditions.
"""

from __future__ import annotations

_ALL = {
    "check_batches": (
        ("where batch.batch_id is null\n", "where false\n"),
        ("or seal.batch_id is not null\n        or batch.token", "or batch.token"),
        ("or batch.token is not null and batch.token", "or false and batch.token"),
        ("and batch.run_id = added.run_id", ""),
        ("and batch.correlation_id = added.correlation_id", ""),
        ("run_token.book = added.book and ", ""),
        (" and run_token.run_id = added.run_id", ""),
        ("or added.batch_id <> added.first_batch\n", "\n"),
    ),
    "check_accounts": (
        ("or added.is_functional <> (added.currency = book.functional_currency)", ""),
        ("where account.account_id is null\n            or", "where"),
        ("or account.currency <> added.currency", ""),
        ("and account.book = added.book", ""),
        ("and account.is_active", ""),
    ),
    "check_periods": (
        ("else true\n", "else false\n"),
        ("when 'soft_closed' then not exists (", "when 'soft_closed' then false and not exists ("),
        ("and any_area_is_locked then", "and false then"),
        ("where added.accounting_on < book.starts_on", "where false"),
    ),
    "check_numbers": (
        ("where added.first_number <> numbering.last_number + 1\n", "where false\n"),
        ("or added.last_number <> numbering.last_number + added.entry_count\n", "\n"),
        ("or ledger.fiscal_year(added.first_day, fiscal_year_starts_month) <> added.fiscal_year\n", "\n"),
        ("or ledger.fiscal_year(added.last_day, fiscal_year_starts_month) <> added.fiscal_year\n", "\n"),
        ("update ledger.numbering set last_number = added.last_number", "update ledger.numbering set last_number = 5"),
    ),
    "check_entries": (
        ("perform ledger.check_batches(days, moved);", ""),
        ("perform ledger.check_accounts(days, moved);", ""),
        ("perform ledger.check_periods(days, moved);", ""),
        ("perform ledger.check_numbers(days);", ""),
    ),
    "check_business_keys": (
        ("from added\n            returning", "from added where false returning"),
        ("if not any_is_not_first then", "if true then"),
        ("and original.entry_id = added.reverses\n", "\n"),
        ("and original.accounting_on <= added.accounting_on\n", "\n"),
        ("and original.effective_on = added.effective_on\n", "\n"),
        ("and original.currency = added.currency\n", "\n"),
        ("and original.accounts = added.accounts\n", "\n"),
        ("and original.amounts = ledger.negated(added.amounts)\n", "\n"),
        ("and original.functional_amounts is not distinct from ledger.negated(added.functional_amounts)\n", "\n"),
        ("when added.version < 0 and not exists (", "when false and not exists ("),
        ("when added.version > 1 and not exists (", "when false and not exists ("),
    ),
    "seal_batch": (
        ("if days.first_day is null then", "if false then"),
        ("if batch.numbered_twice is not null then", "if false then"),
        ("from unnest(moved);", "from unnest(moved) where false;"),
        (
            "where not exists (select from ledger.account_seal",
            "where false and not exists (select from ledger.account_seal",
        ),
        ("update ledger.head as chain_end set position = head.position + 1,", "update ledger.head as chain_end set"),
    ),
    "check_submitted": (("if not found then", "if false then"),),
    "check_other_balance": (("if not found then", "if false then"),),
    "check_verdict": (
        (
            "when exists (select from ledger.verdict where submission_id = new.submission_id and verdict = 'refuse')",
            "when false",
        ),
        ("when exists (select from ledger.approved_submission where submission_id = new.submission_id)", "when false"),
        (
            "when asked.kind = 'journals' and new.verdict = 'sign' and ledger.is_same_person",
            "when false and ledger.is_same_person",
        ),
        ("when asked.kind = 'opening' and new.verdict = 'sign' and exists (", "when false and exists ("),
        ("when new.verdict = 'sign' and asked.kind = 'opening' and (", "when false and ("),
        ("when new.verdict = 'sign' and exists (", "when false and exists ("),
    ),
    "check_settings_approval": (
        ("when ledger.is_same_person(asked.proposed_by, new.approved_by)", "when false"),
        (
            "when exists (\n            select from ledger.settings_proposal",
            "when false and exists (\n            select from ledger.settings_proposal",
        ),
    ),
    "soft_close_period": (("if taken.state <> 'open' then", "if false then"),),
    "allow_posting": (
        ("and exists (select from unnest(posters) as poster where ledger.is_same_person(poster, actor))", ""),
        (" and opened_xid = pg_current_xact_id()", ""),
    ),
    "lock_area": (("if taken.state = 'locked' or area = any(taken.locked_areas) then", "if false then"),),
    "ask_reopening": (
        ("and (state <> 'open' or locked_areas <> '{}')", ""),
        ("open_until not between clock_timestamp() and clock_timestamp() + interval '31 days'", "false"),
        ("or areas = '{}'", ""),
    ),
    "approve_reopening": (
        ("or asked.open_until <= clock_timestamp()", ""),
        ("if coalesce(ledger.is_same_person(asked.actor, actor), true) then", "if false then"),
    ),
    "sign": (
        ("when put.review_seq is null", "when false"),
        ("when ledger.is_same_person(put.actor, actor)", "when false"),
        (
            "when exists (\n            select from close.explained",
            "when false and exists (\n            select from close.explained",
        ),
        (
            "when exists (select from report.tie_out where book = put.book and month = put.month and not tied)",
            "when false",
        ),
        (
            "when exists (\n            select from close.standing_signature",
            "when false and exists (\n            select from close.standing_signature",
        ),
        ("if exists (select from close.moved_since(put.book, put.month, put.seal_position)) then", "if false then"),
    ),
    "check_late_items_together": (("having sum(abs(decision.amount_minor)) > added.limit_minor", "having false"),),
    "check_rule_decision": (("if new.verdict = 'adjusted' and not exists (", "if false and not exists ("),),
    "check_document_decision": (("if new.verdict = 'posted' and not exists (", "if false and not exists ("),),
    "refuse_late_rows": (("if late is not null then", "if false then"),),
    "open_period": (
        ("and date_trunc('month', starts_on) <= wanted_month", ""),
        ("if not found then", "if false then"),
    ),
    "is_balanced": (
        ("or pg_catalog.array_length(amounts, 1) operator(pg_catalog.<>) line_count\n", "\n"),
        ("or pg_catalog.array_length(functional_amounts, 1) operator(pg_catalog.<>) line_count\n", "\n"),
        ("accounts[line] is null or amounts", "amounts"),
        ("or amounts[line] is null\n", "\n"),
        (
            "or amounts[line] operator(pg_catalog.=) 0\n            and coalesce(functional_amounts[line], 0)"
            " operator(pg_catalog.=) 0\n",
            "\n",
        ),
        ("if functional_amounts[line] is null then", "if false then"),
        ("accounts[1] is not null and ", ""),
        ("accounts[2] is not null and ", ""),
        ("amounts[1] operator(pg_catalog.<>) 0\n                and ", ""),
        ("and amounts[1] operator(pg_catalog.+) amounts[2] operator(pg_catalog.=) 0,", ","),
        ("        return amount_sum operator(pg_catalog.=) 0;\n", "        return true;\n"),
        ("return amount_sum operator(pg_catalog.=) 0 and ", "return "),
        (" and functional_sum operator(pg_catalog.=) 0;", ";"),
    ),
}
CONDITIONS = [(function, old, new) for function, pairs in _ALL.items() for old, new in pairs]
