"""The background processes. They meet the API in the store and nowhere else.

A trainer (worker.py) takes jobs from the queue (queue.py) and gives each to a child process
(run.py), whose reports it writes to the store under the number of its attempt (attempt.py).
"""
