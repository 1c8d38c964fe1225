"""The sandbox: simulated companies and their vendors' servers, to try everything without an account anywhere.

Here: `world` invents what happened at the companies and writes what each vendor would show of it; `servers` speaks the
vendors' APIs over what the world wrote; `clock` says what time it is there; `scoring` compares results with the truth.
Not here: anything that a stage of the pipeline could lean on. The sandbox stands for the outside world, so it shares
no code with `sources` and `canonical`, and the truth lies in a folder of its own that only `scoring` reads.
"""
