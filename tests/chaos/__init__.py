"""What is done to a service while it works, and what it has to come to all the same."""
