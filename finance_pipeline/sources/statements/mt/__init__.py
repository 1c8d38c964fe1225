"""MT940, MT942 and their kin (MT941, MT950): fields of a message, the statement line, the information to the holder."""
