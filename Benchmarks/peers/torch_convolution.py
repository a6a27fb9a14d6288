"""compare.py's worker: the three passes of one convolution in PyTorch, in both layouts."""

import torch

from service import serve
from timing import steady
from torch_setup import LAYOUTS, configure


def measure(batch: int, inputs: int, size: int, outputs: int, kernel: int, stride: int, padding: int,
            seconds: float) -> dict:
    """Times by layout and pass. Source, weights and gradient are fp32 and all in the layout beforehand."""
    times: dict = {}
    for name, layout in LAYOUTS.items():

        def tensor(*shape: int) -> torch.Tensor:
            return torch.rand(*shape).sub_(0.5).contiguous(memory_format=layout)

        source, weights = tensor(batch, inputs, size, size), tensor(outputs, inputs, kernel, kernel)
        # Stride, padding, dilation, transposed, output padding, groups.
        convolution = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1)

        def forward():
            return torch.ops.aten.convolution(source, weights, None, *convolution)

        diff_destination = tensor(*forward().shape)

        def backward(*mask: bool):
            return torch.ops.aten.convolution_backward(diff_destination, source, weights, None, *convolution, mask)

        with torch.inference_mode():
            times[name] = {
                "forward": steady(forward, seconds),
                "backwardData": steady(lambda: backward(True, False, False), seconds),
                "backwardWeights": steady(lambda: backward(False, True, False), seconds),
            }
    return {"times": times}


if __name__ == "__main__":
    serve({"configure": configure, "measure": measure})
