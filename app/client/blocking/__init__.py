"""The client for programs that wait for each answer."""
