"""Response bodies, one file a router; request bodies are the specs of app/domain."""
