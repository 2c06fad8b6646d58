"""The only place that knows SQL, blobs and paths: one file a resource, plain functions.

Each function takes a connection, so that its caller decides what is one transaction.
"""
