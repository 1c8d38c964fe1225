"""Vendor servers of the sandbox: Plaid, Stripe, Xero and the ECB's file, spoken over HTTP on loopback.

Here: what a vendor's own API would do with what the simulated world wrote under `sandbox/served`, up to the sandbox
clock. Each vendor is a plain function of a call (`calls`), and `app` alone knows HTTP. Not here: what happens in the
world (`sandbox.world`), or anything that our pipeline believes about these vendors: it shares no code with `sources`,
so that the one proves the other.
"""
