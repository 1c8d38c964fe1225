-- Decisions on what newer rules would post otherwise in a closed month (0061) are in the chain of decisions (0051).

select ledger.seal_table('close.rule_decision', 'close.rule_decision', 'decision_seq');
