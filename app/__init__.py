"""Mnistry's service: everything around the engine. docs/architecture.md has the map."""
