"""The commands. Each opens the workspace, calls one service and prints; none holds a rule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from finance_pipeline.cli import (
    accounting,
    approvals,
    balances,
    bank,
    closing,
    database,
    deciding,
    differences,
    documents,
    golive,
    journals,
    landing,
    open_items,
    package,
    policies,
    quickstart,
    reports,
    rules,
    statements,
    statutory,
    webhooks,
)
from finance_pipeline.cli import connections as connecting
from finance_pipeline.cli.environment import opened

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a double-entry ledger in step with banks, processors and accounting systems, and reconciles it.",
)
app.add_typer(database.app, name="db", help="The PostgreSQL server and its migrations.")
app.add_typer(deciding.app, name="decide", help="What a person says that a line is, or is not.")
app.add_typer(closing.app, name="close", help="Closing months: steps, sign-off, locks, reopening.")
differences.register(closing.app)
documents.register(closing.app)
app.add_typer(rules.app, name="rules", help="Coding rules: lines without a document to an account.")
app.add_typer(statements.app, name="statements", help="Bank statement files, read without importing them.")
app.add_typer(connecting.app, name="deadletters", help="What did not fit, and what to do about it.")
app.add_typer(landing.app, name="landing", help="Evidence: whether it is whole, and canonical records from it anew.")
app.add_typer(webhooks.app, name="webhooks", help="What vendors say is new: a reason to pull sooner.")
app.add_typer(golive.app, name="golive", help="A book's opening: its trial balance and items, signed by two.")
app.add_typer(journals.app, name="journals", help="Journals from files: submitted by one person, approved by another.")
app.add_typer(statutory.app, name="statutory", help="The accounting system's ledger beside ours, account by account.")
app.add_typer(approvals.app, name="settings", help="Mapping, rules, tolerances, rates: proposed, approved, in force.")
app.add_typer(policies.app, name="policy", help="What the engine may accept without a person.")

Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
MaybeBook = Annotated[str | None, typer.Option("--book", help="Only this book.")]
Month = Annotated[str, typer.Option("--month", help="Accounting month, YYYY-MM.")]
MaybeMonth = Annotated[str | None, typer.Option("--month", help="Only this month, YYYY-MM.")]
Form = Literal["parquet", "csv"]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")]


@app.command()
def demo(
    seed: Annotated[int | None, typer.Option(help="Another seed is another world, in an empty data folder.")] = None,
    lines: Annotated[int, typer.Option(help="Bank lines over all books, roughly.", min=720)] = 20_000,
    as_json: AsJson = False,
) -> None:
    """Simulate three companies, sync them from the sandbox's servers, reconcile, and print what a controller asks."""
    from finance_pipeline.cli.demo import run_demo

    run_demo(seed=seed, bank_lines=lines, as_json=as_json)


app.command("quickstart")(quickstart.quickstart)
closing.app.command("package")(package.package)


@app.command()
def prepare() -> None:
    """Compile the engine for this machine, once; `match` and `demo` do it themselves where it was not done."""
    from finance_pipeline.cli.preparing import prepare_engine

    prepare_engine(tell_if_done=True)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Serve the Dagster UI and its daemon on loopback until Ctrl-C."""
    from finance_pipeline.cli.environment import prepare_dagster
    from finance_pipeline.cli.show import say
    from finance_pipeline.defs.ui import serve_ui

    with opened() as workspace:
        home = prepare_dagster(workspace)
    serve_ui(home, port, say)


@app.command()
def sync(
    kind: Annotated[str | None, typer.Argument(help="plaid, stripe, xero, statements or ecb; all without one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Pull what is new from every connection and land it."""
    with opened() as workspace:
        reports.sync_and_show(workspace, kind, as_json=as_json)


@app.command("import")
def import_statements(
    files: Annotated[list[Path], typer.Argument(help="Statement files of any format, archives and folders too.")],
    book: Annotated[str | None, typer.Option("--book", help="Bind unknown accounts to this book.")] = None,
    create: Annotated[bool, typer.Option("--create", help="Create the book if there is none of that name.")] = False,
    account: Annotated[str | None, typer.Option(help="Account of files that state none, such as QIF.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of files that state none.")] = None,
    profile: Annotated[Path | None, typer.Option(help="YAML: what the columns of a CSV are.")] = None,
    as_json: AsJson = False,
) -> None:
    """Land bank statement files. Accounts that no book names are shown, or bound with --book."""
    from finance_pipeline.cli.imports import Declared, import_and_show

    with opened() as workspace:
        said = Declared(account, currency, profile)
        import_and_show(workspace, files, book, said, create=create, as_json=as_json)


@app.command()
def bind(
    account: Annotated[str, typer.Argument(help="IBAN or account number as statement files give it.")],
    book: Book,
    create: Annotated[bool, typer.Option("--create", help="Create the book if there is none of that name.")] = False,
) -> None:
    """Bind a bank account, known from statement files that were imported, to a book."""
    from finance_pipeline.cli.imports import bind_and_show

    with opened() as workspace:
        bind_and_show(workspace, account, book, create=create)


@app.command()
def run(book: Book, month: Month, as_json: AsJson = False) -> None:
    """Materialize one month of a book, from evidence to tie-outs, as a Dagster run."""
    with opened() as workspace:
        reports.run_and_show(workspace, book, month, month, as_json=as_json)


@app.command()
def backfill(
    book: Book,
    first: Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")],
    as_json: AsJson = False,
) -> None:
    """Materialize several months of a book in one Dagster run."""
    with opened() as workspace:
        reports.run_and_show(workspace, book, first, last, as_json=as_json)


@app.command()
def status(book: MaybeBook = None, as_json: AsJson = False) -> None:
    """What each connection last said, and how far each book's months are."""
    with opened() as workspace:
        reports.show_status(workspace, book, as_json=as_json)


@app.command()
def connections(as_json: AsJson = False) -> None:
    """How each connection does: its state, since when, why, and what to do."""
    with opened() as workspace:
        connecting.show_connections(workspace, as_json=as_json)


@app.command()
def explain(
    subject: Annotated[str, typer.Argument(help="Line, invoice, match, entry or tie-out.", metavar="ID")],
) -> None:
    """Why a figure is what it is, down to the source record and its content hash."""
    from finance_pipeline.cli.explaining import show_explanation

    with opened() as workspace:
        show_explanation(workspace, subject)


@app.command()
def exceptions(book: MaybeBook = None, month: MaybeMonth = None, as_json: AsJson = False) -> None:
    """Lines that a person has to look at, with the reason."""
    with opened() as workspace:
        reports.show_exceptions(workspace, book, month, as_json=as_json)


@app.command()
def decisions(book: MaybeBook = None, as_json: AsJson = False) -> None:
    """Everything that people decided, oldest first."""
    with opened() as workspace:
        deciding.show_decisions(workspace, book, as_json=as_json)


@app.command()
def journal(
    book: Book,
    month: Month,
    limit: Annotated[int, typer.Option(help="Entries to print, the first ones.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Entries of a month, in the order of their numbers."""
    with opened() as workspace:
        reports.show_journal(workspace, book, month, limit, as_json=as_json)


app.command("trial-balance")(balances.trial_balance)
app.command("account")(balances.account)
app.command("open-items")(open_items.open_items)
app.command("cash")(bank.cash)
app.command("bank-reconciliation")(bank.bank_reconciliation)


@app.command()
def completeness(
    book: Book,
    first: Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM; else the book's first.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM; else the last that has data.")] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that sources said of a book: passed over, posted or held, in count and sum; nothing missing."""
    with opened() as workspace:
        accounting.show_completeness(workspace, book, first, last, as_json=as_json)


@app.command()
def tax(book: Book, month: Month, as_json: AsJson = False) -> None:
    """Tax as a month's documents state it, beside an estimate by the book's dated table of rates. Posts nothing."""
    with opened() as workspace:
        accounting.show_tax(workspace, book, month, as_json=as_json)


@app.command()
def intercompany(month: Month, as_json: AsJson = False) -> None:
    """What books of one group owe each other at a month's end, as both say it, and what does not cancel out."""
    with opened() as workspace:
        accounting.show_intercompany(workspace, month, as_json=as_json)


@app.command()
def revaluation(book: Book, month: Month, as_json: AsJson = False) -> None:
    """What is owed and held in other currencies at a month's end: carried, and worth at the closing rate."""
    with opened() as workspace:
        accounting.show_revaluation(workspace, book, month, as_json=as_json)


@app.command("tie-outs")
def tie_outs(book: MaybeBook = None, month: MaybeMonth = None, as_json: AsJson = False) -> None:
    """Pairs of figures that must be equal, and whether they are."""
    with opened() as workspace:
        reports.show_tie_outs(workspace, book, month, as_json=as_json)


@app.command()
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(help="Compare with the ends of the chain in this file, not with the data folder's own."),
    ] = None,
    write_anchor: Annotated[
        Path | None, typer.Option(help="Add the end of the chain to this file, if all of the chain holds.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the ledger's hash chain and check landed files; names the first broken link.

    Compares the chain with the ends of it that were noted outside the database: every run that posts adds one to
    anchors/ledger.jsonl in the data folder. Keep a copy where nobody who can change the database can change it.
    """
    with opened() as workspace:
        reports.verify_and_show(workspace, anchor, write_anchor, as_json=as_json)


@app.command()
def match(
    source: Annotated[Path | None, typer.Option("--in", help="Folder with the tables.")] = None,
    target: Annotated[Path | None, typer.Option("--out", help="Folder for the result; other files stay.")] = None,
    policy: Annotated[Path | None, typer.Option(help="YAML: limits and windows, for all books or by book.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Leave out what was not known on this day, YYYY-MM-DD.")] = None,
    form: Annotated[Form, typer.Option("--format", help="Of the result.")] = "parquet",
    schema: Annotated[bool, typer.Option("--schema", help="Print what each file holds, and do nothing else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Reconcile files: bank lines against open items, without a database or an account anywhere.

    In: bank_lines and open_items, .parquet or .csv each.
    Where they are there: parties, remittances, fx_rates and decisions.
    Out: matches, allocations, exceptions and explanations, all or none.

    Amounts are whole minor units (12.50 EUR is 1250), days YYYY-MM-DD.
    In CSV, semicolons separate a list, and empty means not known.
    """
    from finance_pipeline.cli.matching import match_and_show, show_schemas

    if schema:
        show_schemas(as_json=as_json)
    else:
        match_and_show(source, target, policy=policy, as_of=as_of, form=form, as_json=as_json)


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="Which; they are listed above.")],
    lines: Annotated[int | None, typer.Option(help="Size, where the bench has one.")] = None,
    difficulty: Annotated[str, typer.Option(help="matching: easy, default, hard; for time also plain.")] = "default",
    seed: Annotated[int, typer.Option(help="matching: other labelled data; faults: of the first run.")] = 1,
    speed: Annotated[
        bool, typer.Option("--speed", help="matching: time and memory, 1,000,000 lines unless said.")
    ] = False,
    growth: Annotated[str, typer.Option(help="matching: usual (10,000 to 1,000,000 lines) or full (10,000,000).")] = "",
    against: Annotated[bool, typer.Option("--against", help="matching: beside other matchers, 20,000 lines.")] = False,
    runs: Annotated[int | None, typer.Option(help="faults: how many, 300 unless said; closing: changes, 500.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the pipeline or the matching engine on this machine, in a folder that is removed afterwards.

    bench sync, pipeline, backfill: on a simulated company.

    bench throughput: 100,000 Plaid transactions to canonical rows, against reading and parsing their pages alone.

    bench statements: reading camt.053 (1,000,000 entries unless said) and MT940 (100,000 lines).

    bench matching: precision, recall and what was left alone, on 100,000 labelled lines.
    bench matching --speed, --growth usual, --against: one of these instead.

    bench closing: three months of three companies are closed, then their sources change them in --runs places.

    bench faults: runs of syncing in which 30 % of all calls fail in some way and processes are killed.

    bench posting: 1,000,000 postings with every check and seal, beside a bare COPY of the same rows.

    bench crashes, closes: 200 kills of writers and server; 100 closes of months against 6 writers.

    bench attacks: all that somebody with a role of the database could try on the ledger; none may succeed.
    bench mutations: each constraint, trigger and right of the ledger taken away in turn; something must notice.
    """
    from finance_pipeline.cli.bench import run_bench
    from finance_pipeline.cli.bench.dispatch import Asked
    from finance_pipeline.cli.bench.matching import MatchingBench

    asked = Asked(lines, runs, MatchingBench(difficulty, seed, speed, growth, against))
    run_bench(what, asked, as_json=as_json)
