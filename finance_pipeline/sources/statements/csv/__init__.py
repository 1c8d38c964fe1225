"""Banks' CSV: tables whose columns somebody declares in a profile; a guesser proposes one, and never decides."""
