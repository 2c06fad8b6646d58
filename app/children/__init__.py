"""Processes that do one thing within limits: what is said to them, what they are held to.

The files that clients upload are read in such processes, for what parses them is C code of others;
docs/decisions/0012 says how. Training is another, in `app/trainer`.
"""
