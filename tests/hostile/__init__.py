"""What a hostile client sends, and what has to come of it: a clear refusal, and nothing else."""
