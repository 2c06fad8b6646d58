"""`python -m app`: the service and its parts, each a command."""

from app.cli import main

main()
