"""camt.053 bank statements: the file's XML, what a statement says, and by what its lines are known."""
