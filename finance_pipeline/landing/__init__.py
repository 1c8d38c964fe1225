"""Landing: evidence, byte for byte, once. Immutable content-addressed files, and the manifest that lists them."""
