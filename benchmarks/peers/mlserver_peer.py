"""A runtime for MLServer, as its guide to custom runtimes has it."""

from mlp import Mlp
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, NumpyRequestCodec
from mlserver.types import InferenceResponse


class Digits(MLModel):
    async def load(self):
        self.mlp = Mlp(self.settings.parameters.uri)
        return True

    async def predict(self, payload):
        x = self.decode_request(payload, default_codec=NumpyRequestCodec)
        output = NumpyCodec.encode_output("probabilities", self.mlp(x))
        return InferenceResponse(model_name=self.name, outputs=[output])
