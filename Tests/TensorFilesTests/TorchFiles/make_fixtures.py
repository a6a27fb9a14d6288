"""Writes the files of this folder and of WGANTests/TorchFiles, with PyTorch 2.13: python3 make_fixtures.py

forms-P.pth        every way in which torch.save states a tensor, in pickle protocol P
forms.safetensors  the same tensors by their paths, contiguous float32
authors-*.pth      a generator and a critic (size 16, features 2, latent 3) under the WGAN authors' names, spelled out here
authors.safetensors   the same under ours
legacy.pth, module.pth, call.pth   what must be refused
"""

import os
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).parent
NETS = FOLDER.parents[1] / "WGANTests" / "TorchFiles"


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(shape)


class Call:
    def __reduce__(self):
        return os.system, ("touch called",)


def make_forms() -> None:
    shared = numbers(24)
    state = OrderedDict(
        plain=numbers(2, 3),
        parameter=torch.nn.Parameter(numbers(3)),
        turned=numbers(4, 3).t(),
        first=shared[:6].view(2, 3),
        last=shared[12:].view(3, 4).t(),
        sparse=shared[1::5],
        scalar=numbers(),
        empty=torch.zeros(0, 4),
        half=numbers(5).half(),
        bfloat=numbers(5).bfloat16(),
        double=numbers(5).double(),
        count=torch.tensor(1234567),
        image=numbers(1, 3, 2, 2).contiguous(memory_format=torch.channels_last),
    )
    # As a module's state_dict has it: an attribute that is pickled beside the items.
    state._metadata = OrderedDict({"": {"version": 1}})
    content = {"epoch": 3, "rate": 1e-4, "done": False, "nothing": None, "large": 1 << 40, "negative": -(1 << 40),
               "name": "a", "net": state, "more": [numbers(2), (numbers(1), -3)], 7: {"step": numbers(1)}}
    for protocol in (2, 3, 4, 5):
        torch.save(content, FOLDER / f"forms-{protocol}.pth", pickle_protocol=protocol)
    flat = {f"net.{name}": tensor for name, tensor in state.items()}
    flat |= {"more.0": content["more"][0], "more.1.0": content["more"][1][0], "7.step": content[7]["step"]}
    save_file({name: t.detach().float().clone().contiguous() for name, t in flat.items()}, FOLDER / "forms.safetensors")


def make_authors() -> None:
    def norm(ours: str, theirs: str, channels: int) -> dict:
        tensors = {"weight": numbers(channels), "bias": numbers(channels), "running_mean": numbers(channels),
                   "running_var": numbers(channels).abs(), "num_batches_tracked": torch.tensor(9)}
        return {(f"{ours}.{leaf}", f"{theirs}.{leaf}"): tensor for leaf, tensor in tensors.items()}

    generator = {
        ("initial.conv.weight", "main.initial:3-4:convt.weight"): numbers(3, 4, 4, 4),
        **norm("initial.bn", "main.initial:4:batchnorm", 4),
        ("pyramid.0.conv.weight", "main.pyramid:4-2:convt.weight"): numbers(4, 2, 4, 4),
        **norm("pyramid.0.bn", "main.pyramid:2:batchnorm", 2),
        ("final.weight", "main.final:2-3:convt.weight"): numbers(2, 3, 4, 4),
    }
    critic = {
        ("initial.conv.weight", "main.initial.conv.3-2.weight"): numbers(2, 3, 4, 4),
        ("extra.0.conv.weight", "main.extra-layers-0.2.conv.weight"): numbers(2, 2, 3, 3),
        **norm("extra.0.bn", "main.extra-layers-0.2.batchnorm", 2),
        ("pyramid.0.conv.weight", "main.pyramid.2-4.conv.weight"): numbers(4, 2, 4, 4),
        **norm("pyramid.0.bn", "main.pyramid.4.batchnorm", 4),
        ("final.weight", "main.final.4-1.conv.weight"): numbers(1, 4, 4, 4),
    }
    torch.save(OrderedDict((theirs, t) for (_, theirs), t in generator.items()), NETS / "authors-generator.pth")
    torch.save(OrderedDict((theirs, t) for (_, theirs), t in critic.items()), NETS / "authors-critic.pth")
    nets = {"generator": generator, "critic": critic}
    save_file({f"{net}.{ours}": t for net, tensors in nets.items() for (ours, _), t in tensors.items()},
              NETS / "authors.safetensors")


def make_refused() -> None:
    torch.save({"a": numbers(2)}, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 1), FOLDER / "module.pth")
    torch.save({"a": Call()}, FOLDER / "call.pth")


if __name__ == "__main__":
    torch.manual_seed(5)
    make_forms()
    make_authors()
    make_refused()
