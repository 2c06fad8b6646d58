"""The Open Inference Protocol v2 below /v2, as the clients of Triton and KServe speak it."""
