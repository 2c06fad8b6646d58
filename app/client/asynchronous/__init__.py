"""The same client for programs that do other things meanwhile (asyncio)."""
