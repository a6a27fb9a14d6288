"""compare.py's worker: pictures in onnxruntime, of the generator that `wgan export --format onnx` wrote.

A call draws its noise and runs the net; the pictures stay numbers.
"""

import numpy
import onnxruntime

from service import serve
from timing import repeated

session: onnxruntime.InferenceSession
numbers = numpy.random.default_rng(0)


def prepare(model: str, threads: int) -> dict:
    """Opens the model."""
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return {"version": onnxruntime.__version__}


def measure(latent: int, count: int, calls: int) -> dict:
    name = session.get_inputs()[0].name
    return repeated(
        lambda: session.run(None, {name: numbers.standard_normal((count, latent, 1, 1), "float32")}), 2, calls)


if __name__ == "__main__":
    serve({"prepare": prepare, "measure": measure})
