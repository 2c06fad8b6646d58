"""LitServe with its defaults, one worker: python litserve_peer.py <port> <weights>."""

import sys

import litserve
import numpy as np
from mlp import Mlp


class Digits(litserve.LitAPI):
    def setup(self, device):  # noqa: ARG002 - LitServe's own signature
        self.mlp = Mlp(sys.argv[2])

    def decode_request(self, request):
        return np.array(request["instances"], np.float32)

    def predict(self, x):
        return self.mlp(x)

    def encode_response(self, output):
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Digits(), accelerator="cpu", workers_per_device=1)
    server.run("127.0.0.1", int(sys.argv[1]), log_level="warning", generate_client_file=False)
