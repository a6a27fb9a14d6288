"""What PyTorch's workers share."""

import torch

LAYOUTS = {"nchw": torch.contiguous_format, "channels-last": torch.channels_last}


def configure(threads: int) -> dict:
    torch.set_num_threads(threads)
    return {}
