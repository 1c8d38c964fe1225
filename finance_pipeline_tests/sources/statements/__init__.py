"""Statement files of every format: a corpus with what each file must say, files that attack, and the readers."""
