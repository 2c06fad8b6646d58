"""Clients that pull in more than the product's environment should have, against a real service."""
