"""File formats: bytes on one side, a network or its state on the other; no I/O."""
