"""Do weights travel? Trains small runs with `wgan`, and carries their nets to PyTorch, to onnxruntime, and back.

    python3 check_weights.py --wgan ../../.build/release/wgan

Out: what `wgan export` writes loads strictly into the modules of wgan_reference.py and passes onnx.checker, and both
make the pictures that `wgan generate` makes, within 1e-4. In: what torch.save and safetensors write of such a module,
in every form that docs/Weights.md names, gives those pictures again. Prints a line for each check; exits 1 if one
fails.

Needs requirements.txt and requirements-weights.txt.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from wgan_reference import Configuration, make_critic, make_generator

TOLERANCE = 1e-4
COUNT = 5

# Name -> the nets' flags and the same configuration in PyTorch.
NETS = {
    "blog-16-extra": (
        ["--size", "16", "--features", "8", "--latent", "12", "--extra-layers", "1"],
        Configuration(size=16, critic_features=8, generator_features=8, latent=12, extra_layers=1)),
    "plain-extra-16": (
        ["--size", "16", "--features", "8", "--latent", "12", "--extra-layers", "2",
         "--generator-extra", "convolution"],
        Configuration(
            size=16, critic_features=8, generator_features=8, latent=12, extra_layers=2,
            generator_extra="convolution")),
    "mlp-16": (
        ["--size", "16", "--features", "24", "--latent", "12", "--critic-net", "mlp", "--generator-net", "mlp"],
        Configuration(
            size=16, critic_features=24, generator_features=24, latent=12, critic_net="mlp", generator_net="mlp")),
    "norm-first-32-grey": (
        ["--size", "32", "--features", "4", "--latent", "7", "--channels", "1", "--block-order", "conv-norm-act"],
        Configuration(
            size=32, critic_features=4, generator_features=4, latent=7, channels=1, block_order="conv-norm-act")),
}


class Checks:
    """Lines of results; how many failed."""

    def __init__(self):
        self.failed = 0

    def note(self, name: str, good: bool, detail: str = "") -> None:
        self.failed += not good
        print(f"{'ok    ' if good else 'FAILED'}  {name:48} {detail}")

    def near(self, name: str, ours, theirs) -> None:
        """Pictures are compared as they are, in [-1, 1]; what is smaller (a clipped critic's scores) by its largest
        value."""
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        same = ours.shape == theirs.shape
        scale = min(1.0, float(np.abs(theirs).max()))
        difference = float(np.abs(ours - theirs).max()) if same else float("inf")
        self.note(name, difference <= TOLERANCE * scale, f"largest difference {difference:.1e} of {scale:.1e}")


class Tool:
    def __init__(self, path: str, folder: Path):
        self.path, self.folder = str(Path(path).resolve()), folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.path, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)

    def __call__(self, *arguments: str) -> None:
        result = self.run(*arguments)
        if result.returncode != 0:
            sys.exit(f"wgan {' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stderr}")

    def pictures(self, *source: str) -> tuple[torch.Tensor, torch.Tensor]:
        """The noise [n, latent, 1, 1], and what `wgan generate` makes of it."""
        self("generate", "--force", *source, "--count", COUNT, "--tensors", "values.safetensors", "--seed", 3)
        values = load_file(self.folder / "values.safetensors")
        return values["noise"][:, :, None, None], values["pictures"]


def authors_names(net: torch.nn.Module, separator: str = ":") -> OrderedDict:
    """The state_dict under the names of the WGAN authors' models/dcgan.py (E = 0)."""
    result = OrderedDict()
    for name, tensor in net.state_dict().items():
        *path, leaf = name.split(".")
        place = path[0]
        if path[-1] == "bn":
            channels = net.get_submodule(".".join(path)).num_features
            spelled = f"{place}{separator}{channels}{separator}batchnorm"
        else:
            convolution = net.get_submodule(".".join(path))
            kind = "convt" if isinstance(convolution, torch.nn.ConvTranspose2d) else "conv"
            channels = f"{convolution.in_channels}-{convolution.out_channels}"
            spelled = f"{place}{separator}{channels}{separator}{kind}"
            if place == "initial" and separator == "." and kind == "conv":
                spelled = f"initial.conv.{channels}"
        result[f"main.{spelled}.{leaf}"] = tensor
    return result


def strided(state: dict) -> dict:
    """The same tensors, each a transposed view into one storage that all of them share."""
    floats = {name: t for name, t in state.items() if t.is_floating_point()}
    storage = torch.cat([t.transpose(0, -1).reshape(-1) for t in floats.values()])
    result, start = dict(state), 0
    for name, t in floats.items():
        turned = t.transpose(0, -1)
        result[name] = storage[start:start + t.numel()].view(turned.shape).transpose(0, -1)
        start += t.numel()
    return result


def check_out(checks: Checks, tool: Tool, name: str, c: Configuration) -> tuple[torch.nn.Module, torch.nn.Module]:
    """PyTorch and onnxruntime compute what the exported nets compute here."""
    noise, pictures = tool.pictures("--run", name)
    nets = {}
    for net, module in zip(("generator", "critic"), (make_generator(c), make_critic(c))):
        path = tool.folder / f"{name}.{net}.safetensors"
        tool("export", "--run", name, "--net", net, "--format", "safetensors", "--out", path)
        module.load_state_dict(load_file(path), strict=True)
        nets[net] = module.eval()
        with safe_open(path, "pt") as file:
            checks.note(f"{name}: {net}: metadata", "configuration" in file.metadata())
        counts = {int(t) for n, t in module.state_dict().items() if n.endswith("num_batches_tracked")}
        if not name.startswith("mlp"):
            checks.note(f"{name}: {net}: batches counted", len(counts) == 1 and min(counts) > 0, str(counts))
    with torch.inference_mode():
        checks.near(f"{name}: pictures of PyTorch", pictures, nets["generator"](noise))

    for net, given in (("generator", noise), ("critic", pictures)):
        path = tool.folder / f"{name}.{net}.onnx"
        tool("export", "--run", name, "--net", net, "--format", "onnx", "--out", path)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0].name
        for count in (1, COUNT):  # The batch is open.
            result = session.run(None, {entry: given[:count].numpy()})[0]
            if net == "generator":
                checks.near(f"{name}: {count} pictures of onnxruntime", pictures[:count], result)
            else:
                with torch.inference_mode():
                    checks.near(f"{name}: mean of {count} onnxruntime scores", nets[net](given[:count]), result.mean())
    return nets["generator"], nets["critic"]


def check_in(checks: Checks, tool: Tool, name: str, flags: list[str], generator, critic) -> None:
    """PyTorch's files of the generator give its pictures here."""
    state = generator.state_dict()
    files = {
        "state_dict": state,
        "protocol 4": state,
        "in a dictionary": {"epoch": 3, "state_dict": state, "losses": [1.5, 2.5], "optimizer": {0: {"lr": 1e-4}}},
        "both nets": {"generator": state, "critic": critic.state_dict()},
        "DataParallel": OrderedDict((f"module.{n}", t) for n, t in state.items()),
        "Parameters": OrderedDict(list(generator.named_parameters()) + list(generator.named_buffers())),
        "strided, one storage": strided(state),
        "float64": {n: t.double() if t.is_floating_point() else t for n, t in state.items()},
        "float16": {n: t.half() if t.is_floating_point() else t for n, t in state.items()},
        "bfloat16": {n: t.bfloat16() if t.is_floating_point() else t for n, t in state.items()},
    }
    if "conv-norm-act" in flags:
        files["the authors' names"] = authors_names(generator)
        files["the authors' names, with dots"] = authors_names(generator, ".")
    for form, content in files.items():
        torch.save(content, tool.folder / "net.pth", pickle_protocol=4 if form == "protocol 4" else 2)
        noise, pictures = tool.pictures("--generator", "net.pth", *flags)
        rounded = generator
        if form in ("float16", "bfloat16"):
            rounded = make_generator(NETS[name][1]).eval()
            rounded.load_state_dict(content)
        with torch.inference_mode():
            checks.near(f"{name}: .pth, {form}", pictures, rounded(noise))

    save_file(state, tool.folder / "net.safetensors")
    noise, pictures = tool.pictures("--generator", "net.safetensors", *flags)
    with torch.inference_mode():
        checks.near(f"{name}: safetensors of PyTorch", pictures, generator(noise))
    # Ours says itself what it is.
    _, own = tool.pictures("--generator", f"{name}.generator.safetensors")
    checks.near(f"{name}: our own safetensors", pictures, own)

    torch.save(critic.state_dict(), tool.folder / "critic.pth")
    result = tool.run(
        "train", "--data", "synthetic", "--fraction", "0.005", "--batch-size", "8", "--generator-steps", "1", "--out",
        f"{name}-on", "--init-generator", "net.safetensors", "--init-critic", "critic.pth", *flags)
    last = result.stderr.strip()[-60:].split("\n")[-1]
    checks.note(f"{name}: training begins with both", result.returncode == 0, last)


def check_refused(checks: Checks, tool: Tool, name: str, flags: list[str], generator) -> None:
    """What isn't tensors and containers is refused by name, and the wrong net by its first tensor."""
    class Evil:
        def __reduce__(self):
            import os
            return os.system, ("touch evil",)

    def refused(what: str, says: str, flags: list[str] = flags) -> None:
        result = tool.run("generate", "--generator", "net.pth", "--grid", "grid.png", *flags)
        lines = result.stderr.splitlines()
        good = result.returncode == 65 and len(lines) == 1 and says in lines[0]
        checks.note(f"{name}: refused: {what}", good, lines[0] if lines else "")

    torch.save({"initial.conv.weight": Evil()}, tool.folder / "net.pth")
    refused("a call", "system")
    checks.note(f"{name}: nothing was called", not (tool.folder / "evil").exists())
    torch.save(generator, tool.folder / "net.pth")
    refused("a whole module", f"{type(generator).__module__}.{type(generator).__name__}")
    torch.save(generator.state_dict(), tool.folder / "net.pth", _use_new_zipfile_serialization=False)
    refused("the format before 1.6", "torch.save(torch.load(")
    torch.save(generator.state_dict(), tool.folder / "net.pth")
    refused("another latent size", next(iter(generator.state_dict())), [*flags, "--latent", "9"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wgan", required=True, help="the built tool")
    tool_path = parser.parse_args().wgan
    torch.manual_seed(1)
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        tool = Tool(tool_path, Path(folder))
        for name, (flags, c) in NETS.items():
            # Some steps at a high rate, so that norms' parameters and statistics aren't those of the start.
            tool("train", "--data", "synthetic", "--fraction", "0.005", "--batch-size", "8", "--learning-rate", "0.003",
                 "--generator-steps", "6", "--out", name, *flags)
            generator, critic = check_out(checks, tool, name, c)
            check_in(checks, tool, name, flags, generator, critic)
            check_refused(checks, tool, name, flags, generator)
    if checks.failed:
        sys.exit(f"{checks.failed} checks failed")


if __name__ == "__main__":
    main()
