-- staging.evidence: one row per record of an update that is being landed. Versions are numbered by kind and id, so that a
-- record's place in its update is not kept.

alter table staging.evidence drop column ordinal;
