"""compare.py's worker: training steps in PyTorch with Intel's extension, in both layouts.

    python3 ipex_step.py 2    # threads
"""

import warnings

import intel_extension_for_pytorch as ipex
import numpy
import torch

import framework_steps as nets
from torch_setup import configure
from torch_step import Steps as Plain

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Steps:
    def __init__(self, precision: str, variant: str, path: str):
        with numpy.load(path) as file:
            arrays = {name: torch.from_numpy(file[name]) for name in file.files}
        batch, _, size, _ = arrays["real"].shape
        plain = Plain(variant, size, arrays["critic.initial.conv.weight"].shape[0], batch)
        trainer = self.trainer = plain.trainer
        for name, net in (("critic", trainer.critic), ("generator", trainer.generator)):
            prefix = name + "."
            net.load_state_dict(
                {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)},
                strict=False)
            optimizer = trainer.make_optimizer(net, trainer.configuration.critic_learning_rate)
            net, optimizer = ipex.optimize(net.train(), optimizer=optimizer, dtype=TYPES[precision], inplace=True)
            if precision == "bf16":
                net.forward = torch.autocast("cpu", dtype=torch.bfloat16)(net.forward)
            setattr(trainer, name, net)
            setattr(trainer, f"{name}_optimizer", optimizer)
        plain.real.copy_(arrays["real"])
        plain.noise.copy_(arrays["noise"])
        self.real, self.noise = plain.real, plain.noise

    def critic_step(self) -> tuple:
        return self.trainer.critic_step(self.real, self.noise)

    def generator_step(self):
        return self.trainer.generator_step(self.noise)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    configure(nets.threads_argument())
    ways = ["nchw", "channels-last"]
    nets.serve_steps(ipex.__version__, {"fp32": ways, "bf16": ways}, Steps)
