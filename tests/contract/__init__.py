"""The OpenAPI document: what it promises, and that the service keeps it."""
