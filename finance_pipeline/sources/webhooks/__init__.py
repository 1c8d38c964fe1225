"""Webhooks: whether a vendor really said that something is new. One module a vendor, each over the raw bytes.

What an event says is never data: it is a reason to pull sooner, and the pull reads what is true. The vendors' SDKs do
not serve here: Stripe's takes a time-stamp from the future and decodes the body before it compares, Plaid's and Xero's
verify nothing.
"""
