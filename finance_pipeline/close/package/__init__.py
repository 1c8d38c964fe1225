"""The close package: what stands behind a closed month, as one document that a workbook and a page show alike. Pure.

facts: what it is made of. document: sheets of tables, in which a figure may be a formula over others. contents, and the
sheets_* beside it: which tables. workbook, page: how it looks in Excel and in a browser. Not here: reading the facts
and publishing the files (services.package).
"""
