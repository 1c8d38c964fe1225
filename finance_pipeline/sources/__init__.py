"""Sources: one module or folder per system. Cursors in, pages and evidence out. The only place that imports vendor SDKs."""
