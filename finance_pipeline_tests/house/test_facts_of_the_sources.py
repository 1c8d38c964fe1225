"""Each fact of the sources that a connector must survive, in short words, with the tests that guard it."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

from finance_pipeline.sources import xero

TESTS = Path(__file__).parent.parent
SOURCES = TESTS.parent / "finance_pipeline" / "sources"
SDKS = {"plaid", "stripe", "xero_python"}
LOADED_AT_ONCE = "preloaded.py"

ALL = {
    "raw bytes, numbers digit for digit": "canonical/test_payloads.py::every_amount_of_a_currency_survives",
    "a typed model that does not know an enum fails no page": "canonical/test_stripe.py::every_type_of",
    "SDKs are loaded when they are needed": "house/test_facts_of_the_sources.py::an_sdk_is_loaded_by_whoever",
    "every call has a time-out": "sources/test_http.py::an_answer_that_trickles_for_ever_is_given_up",
    "exponential back-off with jitter": "sources/test_http.py::waits_double_and_half_of_each_is_left_to_chance",
    "Retry-After is honoured": "sources/test_http.py::a_server_that_names_a_time_is_not_asked_before_it",
    "a cap on retries": "sources/test_http.py::a_spent_budget_is_unreachable_and_says_where_and_why",
    "a rate budget for all runs": "services/intake/test_connections.py::runs_at_the_same_time_share_one_limit",
    "a circuit breaker": "services/intake/test_connections.py::the_third_pull_in_a_row_without_an_answer",
    "the SDKs retry nothing": "sources/test_xero.py::a_server_that_stays_down_is_unreachable_and_each_call_is",
    "an unreadable page is landed raw": "sources/test_any_vendor.py::what_is_no_answer_is_kept_byte_for_byte",
    "a record that does not fit stops no other": "services/intake/test_dead_letters.py::a_record_that_came_in",
    "a dead letter is retried after a fix": "services/intake/test_dead_letters.py::a_record_that_was_landed",
    "the cursor moves with what was landed": "landing/test_landing.py::versions_and_cursor_are_known_together",
    "landing is idempotent": "landing/test_landing.py::the_same_update_landed_again_adds_nothing",
    "one connection's trouble is no other's": "services/intake/test_sync.py::one_bank_that_wants_its_owner",
    "the canonical text that hashes are of": "core/test_period_and_identity.py::the_text_that_evidence_is_known_by",
    "what a vendor allows": "sources/test_any_vendor.py::the_limits_are_those_that_the_vendors_state",
    "a failed call is made again as it is": "sources/test_faults.py::a_fault_is_survived_or_told_and_the_next_pull_has",
    "nothing is written to a vendor": "house/test_facts_of_the_sources.py::connectors_read_and_write_nothing",
}
PLAID = {
    "no cursor on the first call": "sources/test_plaid.py::lines_and_balances_come_digit_for_digit",
    "two years, fixed at first use": "sources/test_plaid.py::the_first_pull_asks_for_two_years",
    "mutation during pagination": "sources/test_plaid.py::a_mutation_between_pages_begins_again_from_the",
    "the whole update and its cursor at once": "sources/test_plaid.py::a_pull_is_one_update_however_many_pages",
    "a run that gives up begins again": "sources/test_plaid.py::a_malformed_page_is_kept_raw_and_the_rest_comes",
    "what vanished is buried": "landing/test_landing.py::what_a_complete_list_leaves_out_is_gone_as_far",
    "pending lines never post": "matching/test_candidates.py::pending_and_removed_lines_are_not_matched",
    "what was said of a pending line": "services/reconciliation/test_decide.py::what_cannot_be_is_refused_by_name",
    "a webhook only makes it sooner": "services/intake/test_webhooks.py::a_signed_event_makes_its_connection_due",
    "a cursor that is lost": "sources/test_plaid.py::a_lost_cursor_starts_from_nothing_and_says_that_it_lists",
    "modified is an upsert, removed a tombstone": "sources/test_plaid.py::modified_lines_are_upserts_and",
    "one sync an Item at a time": "services/intake/test_sync.py::a_connection_that_another_worker_pulls_is",
    "pending lines are told from booked ones": "canonical/test_plaid.py::a_line_says_when_it_was_booked_and",
    "the sign is turned once": "canonical/test_plaid.py::plaid_calls_money_out_positive_and_we_turn_it_once",
    "a credit account's balance is owed": "canonical/test_plaid.py::a_current_balance_is_ours_and_that_of_a_credit",
    "a currency is never assumed": "canonical/test_plaid.py::a_line_that_does_not_fit_is_set_aside_with_the_reason",
    "not ready is not synced": "sources/test_plaid.py::an_item_that_is_not_ready_is_not_synced",
    "login required is for its owner": "sources/test_plaid.py::a_refused_login_is_for_its_owner_and_is_not",
    "webhooks: bytes as signed": "services/intake/test_webhooks.py::bytes_that_are_not_those_that_were_signed",
    "webhooks: age and the future": "services/intake/test_webhooks.py::a_signature_of_long_ago_or_of_the_future",
    "webhooks: key and algorithm are ours to choose": "services/intake/test_webhooks.py::a_jwt_that_chooses_its_own",
}
STRIPE = {
    "net is amount less fee": "canonical/test_stripe.py::a_charge_is_gross_fee_and_net_on_its_own_day",
    "an unknown type fails nothing": "canonical/test_stripe.py::every_type_of_movement_has_a_kind_and_an_unknown_one",
    "one version of the API": "sources/test_stripe.py::every_call_names_the_version_of_the_api",
    "a rate as it is written": "sources/test_stripe.py::movements_come_expanded_digit_for_digit",
    "payouts can be negative": "canonical/test_stripe.py::a_payout_may_take_money_from_the_bank_account_instead",
    "an invoice says what paid it": "canonical/test_stripe.py::an_invoice_that_is_held_lends_its_number",
    "a refund is its charge's": "canonical/test_stripe.py::a_refund_is_of_whom_the_charge_was_that_is_held",
    "whichever of them is known first": "services/test_processor_end_to_end.py::an_invoice_lends_its_number_and",
    "clearing is what Stripe holds": "services/test_processor_end_to_end.py::a_dispute_comes_from_the_api_to_the",
    "a payout's members, once it is itemised": "sources/test_stripe.py::a_payout_names_its_members_once_stripe",
    "a payout that fails later": "sources/test_stripe.py::an_old_payout_that_fails_and_an_old_dispute_that_is_won",
    "its own minor units": "canonical/test_stripe.py::stripes_minor_units_are_read_by_its_own_table",
    "hundredths where there are none": "canonical/test_stripe.py::hundredths_of_a_currency_without_minor_units",
    "windows overlap": "sources/test_stripe.py::the_next_window_begins_before_the_newest_seen",
    "events end after 30 days": "sources/test_stripe.py::what_changed_while_nobody_looked_for_longer_than",
    "what changes late reaches its movement": "sources/test_stripe.py::what_a_charge_says_of_itself_later",
    "a refused key is no outage": "sources/test_stripe.py::a_refused_key_is_for_its_owner_and_is_not_tried_again",
    "429 and broken connections": "sources/test_stripe.py::a_limit_is_waited_for_and_a_broken_connection_tried_again",
    "a message sent twice counts once": "services/intake/test_webhooks.py::a_message_sent_once_more_counts_once",
}
XERO = {
    "the configuration is a singleton": "sources/test_xero.py::each_connection_keeps_its_own_token_whoever_was_last",
    "tokens are timed by us": "sources/test_xero.py::a_token_is_fetched_once_and_again_when_it_has_run_out",
    "no token that rotates": "house/test_facts_of_the_sources.py::no_connector_keeps_a_token_that_is_good_for_once",
    "not with urllib3 2.6.0": "house/test_facts_of_the_sources.py::the_release_of_urllib3_that",
    "a time-out that holds": "sources/test_xero.py::an_answer_that_never_comes_is_given_up",
    "limits a minute and a day": "sources/test_xero.py::the_limit_a_minute_is_waited_for_and_the_limit_a_day_is_said",
    "five at once": "services/intake/test_connections.py::five_runs_may_call_one_organisation_at_once_and_no_sixth",
    "a day limit stops its connection alone": "services/intake/test_connections.py::a_day_limit_is_not_waited",
    "If-Modified-Since is of seconds": "sources/test_xero.py::a_change_within_the_second_of_the_newest_seen",
    "304 is no failure": "sources/test_xero.py::that_nothing_changed_is_an_answer_without_a_list",
    "a 401 is not always an old token": "sources/test_xero.py::a_refusal_is_for_its_owner",
    "a failed pull goes on": "sources/test_xero.py::a_pull_that_failed_at_any_call_goes_on_where_it_stopped",
    "changes that move no date": "sources/test_xero.py::what_changed_without_a_new_date_of_change_is_found",
    "pages of a thousand": "sources/test_xero.py::more_than_a_page_is_read_to_its_end",
    "what slips between two pages": "sources/test_xero.py::a_document_that_slipped_between_two_pages",
    "lists that are not paged": "sources/test_xero.py::money_outside_of_documents_and_the_settings_come_too",
    "deletion is a status": "sources/test_xero.py::voided_stays_evidence_as_it_is",
    "tax is rounded by line": "canonical/test_xero.py::a_cent_of_rounding_stays_with_the_largest_group",
    "a day at its own offset": "canonical/test_xero.py::a_date_in_milliseconds_is_a_day_at_its_own_offset",
    "Amount and BankAmount": "canonical/test_xero.py::a_foreign_invoice_is_settled_in_its_currency_and_paid_in_that",
    "money on account counts once": "canonical/test_xero.py::money_on_account_counts_once_though_xero_names_it_twice",
    "allocated later": "canonical/test_xero_allocations.py::an_allocation_settles_its_document_on_its_own_day",
    "what is allocated no longer": "services/intake/test_landing_replayed.py::evidence_mapped_again_gives_every",
    "what is given back stays on its side": "canonical/test_xero.py::what_was_paid_too_much_and_is_given_back",
    "four decimals of a price, six of a rate": "sources/test_xero.py::documents_come_digit_for_digit_and_again",
    "lock dates": "sources/test_xero.py::lock_dates_are_kept_as_they_are_set",
}
FILES = {
    "every format, dialect by dialect": "sources/statements/test_corpus.py::the_corpus_covers_every_format",
    "opening and lines are the closing": "sources/test_statement_files.py::a_statement_that_does_not_foot_is_named",
    "a file that does not foot is held whole": "sources/test_statement_files.py::one_statement_that_does_not",
    "days go on from each other": "services/intake/test_statement_files.py::the_ledger_is_the_statement_on",
    "equal lines, and files that overlap": "sources/test_statement_files.py::two_equal_lines_in_one_file_are_two",
    "entries without date or status": "sources/test_statement_files.py::an_entry_without_date_or_status_has",
    "the first opening balance": "services/intake/test_statement_files.py::statements_of_days_before_the_book_starts",
    "a batch keeps entry and details": "sources/test_statement_files.py::a_batch_keeps_its_details_and_structured",
    "no entities": "sources/test_statement_files.py::entities_and_document_types_are_refused_and_nothing_is_fetched",
    "bounded depth": "sources/test_statement_files.py::a_bomb_of_depth_is_refused",
    "bounded size, time and archives": "sources/statements/test_hostile.py::a_hostile_file_is_kept_with_a_reason",
    "bounded memory": "sources/statements/test_hostile.py::reading_takes_no_more_memory_than_it_may",
}
FACTS = [
    pytest.param(guard, id=f"{source}: {fact}")
    for source, facts in (("all", ALL), ("Plaid", PLAID), ("Stripe", STRIPE), ("Xero", XERO), ("files", FILES))
    for fact, guard in facts.items()
]


@cache
def named_in(file: str) -> list[str]:
    """Names of the tests of a file, without their beginning."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return [each.name.removeprefix("test_") for each in tree.body if isinstance(each, ast.FunctionDef)]


@pytest.mark.parametrize("guard", FACTS)
def test_a_fact_of_the_sources_is_guarded_by_a_test_that_is_there(guard: str) -> None:
    file, _, name = guard.partition("::")
    assert [each for each in named_in(file) if each.startswith(name)], f"{file} has no test {name}..."


def test_an_sdk_is_loaded_by_whoever_needs_it_and_not_by_importing_a_module() -> None:
    for file in sorted(SOURCES.rglob("*.py")):
        if file.name == LOADED_AT_ONCE:
            continue
        loaded = set()
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                loaded |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                loaded.add((node.module or "").partition(".")[0])
        assert not loaded & SDKS, file.name


def test_connectors_read_and_write_nothing() -> None:
    kinds = (*xero._KINDS, *xero._SETTINGS, *xero._UNPAGED)
    assert all(kind.method.startswith("get_") for kind in kinds)
    sent = [
        node.args[0]
        for file in SOURCES.glob("stripe*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "raw_request"
    ]
    assert sent
    assert all(isinstance(method, ast.Constant) and method.value == "get" for method in sent)


def test_no_connector_keeps_a_token_that_is_good_for_once() -> None:
    """Tokens are asked for by the client's own credentials, as often as they run out; none is a key to the next."""
    texts = [file.read_text(encoding="utf-8") for file in SOURCES.rglob("*.py")]
    assert any('"grant_type": "client_credentials"' in text for text in texts)
    assert not any("refresh_token" in text for text in texts)


def test_the_release_of_urllib3_that_the_sdk_of_xero_breaks_with_is_never_installed() -> None:
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [wanted] = [each for each in project["dependencies"] if each.startswith("urllib3>=")]
    least = wanted.removeprefix("urllib3>=").partition(",")[0]
    assert tuple(map(int, least.split("."))) > (2, 6, 0)
