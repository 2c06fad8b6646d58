"""The command line: `mnistry`, and `python -m app`.

`service.py` has what starts and keeps a service; every other file a group of commands that ask one
over HTTP, through `app.client`. What a command needs is imported in it, so that help is fast.
"""

from app.cli.program import main

__all__ = ["main"]
