-- ops.webhook_event: rows older than a month may be removed by the application. They tell a message that was sent once
-- more from a new one; Stripe's and Plaid's are refused by their age within minutes, and Xero's, which has no time in it,
-- could do no more than make a pull sooner.

grant delete on ops.webhook_event to finance_pipeline_app;

comment on table ops.webhook_event is
    'One row per verified webhook of the last month: a reason to pull sooner, and never more.';
