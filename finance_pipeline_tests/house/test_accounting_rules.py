"""Which tests guard each accounting rule: the table that says so, checked against the tests there are.

A rule's number and a few words of it stand beside the tests that fail if it were wrong; `lacks` says what of a rule the
software does not do yet. Not here: the tests themselves.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Rule:
    """One accounting rule, and what guards it."""

    number: int
    words: str
    guards: dict[str, tuple[str, ...]]
    """File below the tests, without `test_` and `.py` -> names of its tests, without `test_`."""
    lacks: str = ""


RULES = (
    Rule(1, "entries balance in both currencies, an exchange is two linked entries", {
        "ledger/attacks": ("an_unsound_entry_is_refused",),
        "ledger/posting_properties": (
            "every_entry_adds_to_zero_in_both_currencies_and_nothing_is_held",
            "transit_and_exchange_end_at_zero_in_dollars",
        ),
        "ledger/worked_examples": ("an_invoice_in_euro_paid_in_dollars_goes_through_exchange_and_leaves_the_loss",),
    }),
    Rule(2, "posted entries are immutable, a correction is a linked reversal in an open period", {
        "ledger/rights": ("the_application_may_add_to_the_ledger_and_change_nothing",),
        "ledger/journal": (
            "a_changed_record_takes_its_entry_back_and_posts_anew_in_one_batch_linked",
            "what_changes_in_a_closed_month_is_taken_back_and_posted_anew_on_the_first_open_day",
        ),
    }),
    Rule(3, "one business key an entry: the same again is nothing, another content an error that names both", {
        "ledger/journal": (
            "posting_the_same_again_posts_nothing",
            "the_same_business_key_with_other_content_is_an_error_that_names_both",
        ),
        "services/bookkeeping/xero_journals": (
            "a_manual_journal_reaches_the_journal_once_when_another_person_approves",
        ),
    }),
    Rule(4, "sealed batches form a chain, verified against an anchor; numbers have no gap", {
        "ledger/chain": ("the_proof_names_the_first_break_when", "only_a_head_kept_outside_shows_that"),
        "ledger/journal": ("numbers_have_no_gap_in_a_book_and_fiscal_year_whatever_was_posted_between",),
        "services/package": ("the_same_moment_gives_the_same_bytes_and_the_manifest_names_them",),
    }),
    Rule(5, "each entry names its evidence, match, rule and run", {
        "services/reconciliation/explain": (
            "an_explanation_ends_at_source_records_whose_hash_was_landed",
            "the_explanation_of_a_line_shows_its_match_its_entries_and_the_page_that_it_came_in",
        ),
    }),
    Rule(6, "effective, accounting and recorded time; any balance as known at a time, for ever the same", {
        "services/reports": ("items_add_to_their_accounts_whenever_and_as_of_whatever_day_is_asked",),
        "cli/known_at": ("what_was_known_at_a_moment_is_printed_the_same_whatever_was_posted_since",),
        "ledger/journal": ("the_journal_as_known_at_a_time_is_the_same_for_ever",),
    }),
    Rule(7, "only authorised documents post, a bill before approval is accrued; source = posted + held", {
        "services/bookkeeping/accruals": (
            "a_bill_that_nobody_approved_is_accrued_at_each_months_end_and_is_no_item",
        ),
        "services/bookkeeping/completeness": (
            "what_sources_said_is_passed_over_posted_or_held_in_count_and_sum",
        ),
    }),
    Rule(8, "periods open, soft-closed or locked, whole or by area; year end rolls into retained earnings", {
        "close/periods": (
            "a_month_that_is_locked_for_an_area_refuses_what_touches_it",
            "a_soft_closed_month_takes_only_what_a_named_person_posts_with_a_reason",
        ),
        "services/closing/closing": (
            "profit_and_loss_of_a_year_is_in_retained_earnings_on_the_first_day_of_the_next",
        ),
    }),
    Rule(9, "what is late goes to the first open day and is listed; large or across a year end it waits", {
        "services/accounting_examples": (
            "a_line_of_january_that_arrives_when_january_is_locked_posts_in_february_and_is_listed",
        ),
        "services/closed_months/closed_months": (
            "what_is_late_across_a_year_end_waits_however_small",
            "late_and_small_posts_by_itself_on_the_first_open_day_though_rules_and_engine_changed_meanwhile",
        ),
    }),
    Rule(10, "a locked month is compared, never rewritten; differences are adjusted once or dismissed", {
        "services/closed_months/closed_months": (
            "a_closed_month_says_what_it_would_be_today_and_only_people_change_what_it_is",
            "a_line_that_moved_from_one_closed_month_to_another_is_one_difference_in_both",
            "what_a_closed_month_would_match_only_in_hindsight_is_no_difference",
            "with_all_that_came_later_let_in_the_books_are_those_of_all_the_data",
            "what_the_bank_shows_is_not_dismissed_and_what_it_does_not_show_is",
        ),
    }),
    Rule(11, "reopening takes two people, a reason and an end; a sign-off lapses when a balance moves", {
        "close/periods": (
            "a_reopening_takes_a_second_person_once_and_in_time",
            "a_signature_lapses_when_a_signed_balance_moves_and_blocks_the_lock_until_it_is_signed_again",
        ),
    }),
    Rule(12, "going live: signed by two, with items of every kind; the migration account ends at 0.00", {
        "services/bookkeeping/going_live": (
            "going_live_on_1_january",
            "what_is_on_account_or_in_transit_opens_the_book_and_clears_in_january",
            "an_opening_stands_when_two_people_signed_it_and_no_second_one_does",
        ),
    }),
    Rule(13, "one ledger is statutory, the other is tied to it; what we do not hold is imported or it says partial", {
        "services/bookkeeping/statutory": (
            "two_ledgers_are_tied_account_by_account_before_a_month_is_signed",
        ),
        "services/bookkeeping/xero_journals": (
            "a_journal_that_is_changed_or_voided_there_is_taken_back_here_and_posted_anew",
        ),
        "services/bookkeeping/journals": (
            "journals_post_when_another_person_approves_and_an_accrual_takes_itself_back",
        ),
    }),
    Rule(14, "unmapped accounts block the close; mapping and rules change by one and are approved by another", {
        "services/closing/closing": (
            "a_document_on_an_account_that_is_not_mapped_blocks_the_close",
            "changed_rules_are_approved_by_another_person_before_the_next_month_is_signed",
        ),
        "services/approved_settings": (
            "settings_are_in_force_when_another_person_approved_them_and_files_alone_change_nothing",
        ),
    }),
    Rule(15, "the bank account equals its statement; unidentified receipts and payments never net", {
        "ledger/posting_properties": (
            "a_match_added_or_taken_back_changes_no_other_entry_and_never_the_bank",
            "unidentified_receipts_and_payments_are_the_lines_that_nothing_settles_and_never_net",
        ),
        "services/closing/closing": ("a_bank_account_is_signed_only_with_a_closing_balance_of_its_last_day",),
    }),
    Rule(16, "what must clear is aged and explained to zero; write-offs have limits, and cumulative ones", {
        "close/steps": (
            "what_is_open_is_explained_by_its_due_day_by_having_cleared_or_by_words_about_that_amount",
        ),
        "services/worked_examples": ("a_month_of_small_write_offs_is_stopped_at_its_limit_and_a_person_goes_on",),
    }),
    Rule(17, "a recorded payment and its bank line are one event; a returned payment reopens the item", {
        "ledger/worked_examples": (
            "a_payment_recorded_in_the_accounting_system_and_its_bank_line_are_one_event",
        ),
        "services/accounting_examples": (
            "a_supplier_payment_returned_in_february_leaves_locked_january_as_it_was_signed",
        ),
        "services/bookkeeping/sent": (
            "a_supplier_is_paid_when_it_was_sent_or_when_the_bank_confirms_as_the_books_policy_says",
        ),
    }),
    Rule(18, "the processor's balance by its own transactions, each on its own date", {
        "services/accounting_examples": (
            "card_charges_fees_a_refund_and_the_payout_leave_clearing_at_zero",
        ),
        "services/processor_end_to_end": (
            "a_dispute_comes_from_the_api_to_the_ledger_and_is_won_or_lost",
        ),
    }),
    Rule(19, "control accounts tie, a break blocks sign-off and marks, and never stops the day", {
        "services/closing/closing": ("a_figure_that_does_not_tie_out_blocks_the_sign_off",),
        "defs/runs": ("a_tie_out_that_fails_marks_its_month_and_stops_nothing",),
        "services/reconciliation/months": ("every_tie_out_of_ended_months_is_equal",),
    }),
    Rule(20, "pending lines never post, a line removed in a tied month is an exception", {
        "ledger/posting_properties": (
            "each_bank_account_is_the_sum_of_its_lines_and_clearing_that_of_the_processor",
        ),
        "services/closed_months/late_and_removed": (
            "the_bank_statement_shows_that_the_feed_is_wrong_and_the_books_tie_out_once_it_is_right",
        ),
        "services/closed_months/closed_months": (
            "what_the_bank_shows_is_not_dismissed_and_what_it_does_not_show_is",
        ),
    }),
    Rule(21, "short pays are written off within limits, each to its account, and say by which rule", {
        "services/accounting_examples": (
            "a_short_payment_is_written_off_within_its_limit_and_says_by_which_rule",
            "a_short_payment_beyond_its_limit_is_asked_about",
        ),
    }),
    Rule(22, "discounts follow from terms and carry their tax; one taken late is an exception", {
        "services/accounting_examples": (
            "a_discount_in_time_takes_its_part_of_the_tax_along_and_one_taken_late_is_asked_about",
        ),
        "matching/inputs_and_policy": (
            "a_discount_of_the_policys_terms_is_of_their_parties_and_kind_and_what_a_document_states_comes_first",
        ),
    }),
    Rule(23, "realised exchange at settlement, revaluation in adjuncts, a missing rate is an error", {
        "services/accounting_examples": (
            "a_loss_on_exchange_and_what_the_conversion_cost_are_told_apart_by_the_rate_of_the_day",
        ),
        "services/bookkeeping/revaluation": (
            "an_open_invoice_is_revalued_at_the_months_end_and_taken_back_on_the_first_of_the_next",
            "what_a_foreign_bank_account_holds_is_revalued_for_good_and_each_month_adds_to_it",
            "what_is_on_account_or_paid_in_advance_is_not_revalued",
            "without_a_rate_that_is_young_enough_nothing_is_guessed_and_the_books_own_limit_of_age_counts",
        ),
    }),
    Rule(24, "credits are items of their own sign; equal items are not settled oldest first by default", {
        "services/accounting_examples": (
            "an_overpayment_is_on_account_until_it_is_refunded_and_profit_and_loss_never_sees_it",
            "what_was_received_on_account_is_allocated_to_two_invoices_and_the_rest_stays_open",
        ),
        "matching/by_party_and_transfers": ("two_items_or_two_lines_of_one_amount_are_left_alone",),
        "matching/by_age": (
            "by_the_policy_the_oldest_of_equal_items_is_settled_first_and_without_it_none_is",
            "items_that_may_differ_and_receipts_that_may_mean_one_are_a_persons",
        ),
        "services/reconciliation/oldest_first": (
            "documents_equal_in_tax_terms_and_accounts_are_settled_oldest_first_month_after_month",
        ),
    }, lacks="no source says of a document that it is disputed: of such a party the policy stays off, or a person "
        "declines what it settles"),
    Rule(25, "between books due to and due from, between accounts of a book transit", {
        "services/bookkeeping/intercompany": (
            "money_between_two_books_is_owed_and_cancels_out_when_both_have_it",
        ),
        "services/worked_examples": (
            "a_transfer_that_arrives_in_the_next_month_was_in_transit_at_the_months_end",
        ),
    }),
    Rule(26, "accrual and cash basis are views of the same events; tax comes from documents", {
        "services/bookkeeping/basis": (
            "on_cash_basis_a_document_counts_as_far_as_it_was_paid_with_its_part_of_the_tax",
            "an_estimate_of_tax_goes_by_the_rate_of_the_documents_day_says_what_has_none_and_posts_nothing",
        ),
        "canonical/xero": ("nets_by_account_and_tax_add_to_the_total_however_lines_state_their_amounts",),
    }),
    Rule(27, "nobody approves what they entered or changed", {
        "close/periods": ("nobody_signs_what_they_put_forward_or_explained",),
        "ledger/submissions": ("a_journal_stands_by_the_word_of_somebody_who_did_not_submit_it",),
        "services/closing/closing": ("who_explained_an_item_does_not_sign_it",),
        "services/closing/flagged": (
            "a_suppliers_second_document_of_one_number_counts_when_two_people_said_so_and_no_month_is_signed_before",
            "a_second_document_that_comes_late_for_a_closed_month_is_let_in_by_nobody_before_two_people_decide",
        ),
    }, lacks="suppliers' bank details are not read and nothing is paid from here, so that their change holds nothing"),
    Rule(28, "decisions are append-only events with who, when, why and what was seen", {
        "services/reconciliation/decide": (
            "the_application_may_add_decisions_and_policy_changes_and_never_change_them",
            "confirming_what_stands_records_what_was_seen_and_whose_name_the_line_bears",
        ),
        "services/closed_months/closed_months": (
            "a_match_that_would_not_be_found_any_more_stays_until_a_person_adjusts",
        ),
        "services/closing/flagged": (
            "a_match_that_stands_and_would_be_one_of_two_by_now_is_flagged_when_the_month_is_put_forward",
        ),
    }),
    Rule(29, "figures are shown with the oldest source that they rest on", {
        "cli/known_at": ("what_was_known_at_a_moment_is_printed_the_same_whatever_was_posted_since",),
        "services/intake/connections": ("what_was_not_read_for_a_day_and_a_half_is_stale_whatever_it_says",),
    }),
)  # fmt: skip


def names_of(file: str) -> set[str]:
    """The tests of a file, without `test_`."""
    folder, _, name = file.rpartition("/")
    tree = ast.parse((TESTS / folder / f"test_{name}.py").read_text(encoding="utf-8"))
    return {each.name.removeprefix("test_") for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_every_accounting_rule_has_its_row() -> None:
    assert [rule.number for rule in RULES] == list(range(1, 30))
    assert all(rule.words and rule.guards for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.number} {rule.words}")
def test_the_tests_that_guard_an_accounting_rule_are_there(rule: Rule) -> None:
    missing = {file: sorted(set(tests) - names_of(file)) for file, tests in rule.guards.items()}
    assert {file: tests for file, tests in missing.items() if tests} == {}
