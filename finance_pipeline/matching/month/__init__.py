"""A month of one book: what is a line, what is an item, what carries forward. Pure; the engine decides what matches."""
