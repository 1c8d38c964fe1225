"""Everything that a pull would else load on first use: for a process from which others are forked that pull once.

Importing this module is all; it costs two seconds.
"""

import plaid.api.plaid_api
import stripe
import xero_python.accounting

from finance_pipeline.sources import ecb, registry
from finance_pipeline.sources import plaid as plaid_source
from finance_pipeline.sources import stripe as stripe_source
from finance_pipeline.sources import xero as xero_source

LOADED = (plaid, stripe, xero_python, ecb, registry, plaid_source, stripe_source, xero_source)
