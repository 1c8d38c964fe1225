"""Everything that a pull would else load on first use: for a process from which others are forked that pull once.

Importing this module is all; it costs two seconds.
"""

import plaid.api.plaid_api
import stripe
import xero_python.accounting
from stripe import _stripe_client  # which `stripe` itself loads when its client is first asked for

from finance_pipeline.sources import ecb, registry, statement_files
from finance_pipeline.sources import plaid as plaid_source
from finance_pipeline.sources import stripe as stripe_source
from finance_pipeline.sources import xero as xero_source

LOADED = (plaid, stripe, _stripe_client, xero_python, ecb, registry, statement_files)
PULLED = (plaid_source, stripe_source, xero_source)
