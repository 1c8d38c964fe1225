"""Sources: one module or folder per system. Cursors in, pages and evidence out. Nobody else imports a vendor's SDK."""
