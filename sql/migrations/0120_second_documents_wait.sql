-- A supplier's second document of one number waits for two people before it is posted (accounting rule 27).
-- close.document_decision: one row per word that somebody said on one: asked to post it, posted it, refused it.
-- close.second_documents: one row per document of a supplier whose number another document of the same kind and supplier
-- has, and how it stands.
--
-- Promises: append-only; nobody posts what they asked for themselves, administrators included; what waits or was refused
-- is no record that counts: it has no entry, is no open item, and settles nothing.

create table close.document_decision (
    decision_seq bigint generated always as identity primary key,
    book text collate "C" not null references ledger.book,
    record_id text not null,
    party_id text not null,
    number text not null check (number <> ''),
    verdict text not null check (verdict in ('proposed', 'posted', 'refused')),
    proposed_by text,
    actor text not null check (btrim(actor) <> ''),
    reason text not null check (btrim(reason) <> ''),
    origin text not null check (btrim(origin) <> ''),
    seen text not null,
    login name not null default session_user,
    client inet default inet_client_addr(),
    recorded_at timestamptz not null default clock_timestamp(),
    constraint posting_takes_two_people check (
        verdict <> 'posted' or proposed_by is not null and not ledger.is_same_person(proposed_by, actor)
    )
);

create index document_decision_by_record on close.document_decision (book, record_id, decision_seq);

comment on table close.document_decision is 'One row per word that somebody said on a supplier''s second document of one number. Append-only.';
comment on column close.document_decision.record_id is 'Document (canonical.invoice) that it is about.';
comment on column close.document_decision.party_id is 'Supplier that it was of; of another one the document is asked about again.';
comment on column close.document_decision.number is 'Number that it had, in small letters and without blanks around; with another one it is asked about again.';
comment on column close.document_decision.verdict is 'proposed: waits for a second person. posted: counts as any document. refused: does not count.';
comment on column close.document_decision.proposed_by is 'Who asked for it to be posted, where another person answered.';
comment on column close.document_decision.seen is 'JSON: what was shown when it was decided.';

create function close.check_document_decision() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.verdict = 'posted' and not exists (
        select from close.document_decision as asked
        where asked.book = new.book and asked.record_id = new.record_id and asked.party_id = new.party_id
            and asked.number = new.number and asked.verdict = 'proposed' and asked.actor = new.proposed_by
    ) then
        raise exception 'posting document % was not proposed by %', new.record_id, new.proposed_by
            using errcode = 'check_violation';
    end if;
    return null;
end
$$;

create trigger posting_follows_a_proposal after insert on close.document_decision
for each row execute function close.check_document_decision();

create index invoice_of_supplier on canonical.invoice (book, kind, party_id, lower(btrim(number)), record_id)
where kind in ('bill', 'supplier_credit');

-- What stands posted under its number is never taken back by a document that comes later; of those that nobody posted
-- yet the earliest by its own date is the first.
create function close.second_documents(wanted_book text)
returns table (
    record_id text, version integer, month text, kind text, number text, party_id text, party_name text, currency text,
    total_minor bigint, issued_on date, first_on date, state text, is_held boolean, proposed_by text, actor text,
    reason text
)
language sql stable as $$
    with alike as materialized (
        select invoice.kind, invoice.party_id, lower(btrim(invoice.number)) as said
        from canonical.invoice
        where invoice.book = wanted_book and invoice.kind in ('bill', 'supplier_credit')
            and btrim(invoice.number) <> ''
        group by 1, 2, 3
        having min(invoice.record_id) <> max(invoice.record_id)
    ),
    document as (
        select this.*, alike.said, word.verdict, word.proposed_by, word.actor, word.reason,
            exists (
                select from ledger.standing as entry
                join canonical.invoice as posted
                    on posted.record_id = entry.evidence_id and posted.content_hash = entry.evidence_hash
                where entry.book = wanted_book and entry.evidence_id = this.record_id
                    and entry.purpose in ('document', 'opening')
                    and posted.party_id = this.party_id and lower(btrim(posted.number)) = alike.said
            ) as is_posted
        from canonical.invoice_current as this
        join alike
            on alike.kind = this.kind and alike.party_id = this.party_id and alike.said = lower(btrim(this.number))
        left join lateral (
            select decision.*
            from close.document_decision as decision
            where decision.book = wanted_book and decision.record_id = this.record_id
                and decision.party_id = this.party_id and decision.number = alike.said
            order by decision.decision_seq desc
            limit 1
        ) as word on true
        where this.book = wanted_book and not this.removed and this.status = 'authorised' and this.total_minor <> 0
            and not exists (
                select from ledger.approved_submission as opening
                join ledger.book using (book)
                where opening.kind = 'opening' and opening.book = wanted_book and this.issued_on < book.starts_on
            )
    ),
    ordered as (
        select document.*, row_number() over alike as nth, first_value(document.issued_on) over alike as first_on
        from document
        window alike as (
            partition by document.kind, document.party_id, document.said
            order by coalesce(document.verdict = 'refused', false), coalesce(document.verdict = 'posted', false),
                not document.is_posted, document.issued_on, document.record_id
        )
    )
    select
        record_id, version, month, kind, number, party_id, party_name, currency, total_minor, issued_on, first_on,
        coalesce(verdict, case when is_posted then 'posted before' else 'waits' end),
        coalesce(verdict = 'refused', false)
            or nth > 1 and coalesce(verdict <> 'posted', true) and not is_posted,
        case when verdict = 'proposed' then actor else proposed_by end, actor, reason
    from ordered
    where nth > 1 or verdict in ('posted', 'refused')
$$;

comment on function close.second_documents is 'One row per document of a supplier''s number that another has, but for the first. is_held: it does not count.';

select ledger.seal_table('close.document_decision', 'close.document_decision', 'decision_seq');

grant select on close.document_decision to finance_pipeline_app, finance_pipeline_reader;
grant insert (book, record_id, party_id, number, verdict, proposed_by, actor, reason, origin, seen)
on close.document_decision to finance_pipeline_app;
grant execute on function close.second_documents to finance_pipeline_app, finance_pipeline_reader;
