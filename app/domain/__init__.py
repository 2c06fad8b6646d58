"""Plain types and rules, without I/O."""
