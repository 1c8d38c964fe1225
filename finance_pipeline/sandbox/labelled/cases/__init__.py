"""The cases: what happens between documents and money, one function a shape, each adding rows to the draft.

Here: `registry` lists them with their shares. Not here: how anything reads (`texts`), or whether it can be told
(`judge`).
"""
