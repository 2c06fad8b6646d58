"""What the service does: each function is a sentence of the API. No HTTP, no SQL."""
