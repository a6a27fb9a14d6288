"""Makes the golden files: what PyTorch computes in 10 critic and 2 generator steps from given weights and inputs.

    python3 make_golden.py             writes <case>.safetensors beside this script (README.md says what is in them)
    python3 make_golden.py --noise     how far float32 runs are from the float64 run: where the tolerances come from
    python3 make_golden.py --mistakes  how many tolerances off runs with typical mistakes are: that the test can fail
    python3 make_golden.py --search    which seeds keep every activation's argument farthest from 0

Needs torch 2.13.0, numpy and safetensors.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Benchmarks" / "peers"))
sys.dont_write_bytecode = True

from wgan_reference import Configuration, Trainer, set_trainable  # noqa: E402

CRITIC_STEPS = 10


@dataclass(frozen=True)
class Case:
    name: str
    seed: int
    configuration: Configuration
    short_batch: int | None = None
    """How many pictures the last critic step before the first generator step sees: an epoch's tail. None: a batch."""

    def batch_size(self, step: int) -> int:
        tail = self.short_batch is not None and step == self.configuration.critic_steps - 1
        return self.short_batch if tail else self.configuration.batch_size


CASES = [
    Case("seed-16", 90, Configuration(size=16, features=6, latent=7, extra_layers=1, batch_size=5), short_batch=3),
    Case("seed-32", 13, Configuration(size=32, features=8, latent=10, batch_size=4)),
    Case("norm-first-16", 54, Configuration(
        size=16, channels=1, features=6, latent=7, batch_size=5, block_order="conv-norm-act")),
]


# MARK: One run

def state(trainer: Trainer) -> dict[str, Tensor]:
    """Parameters and running statistics of both nets, by name; copies."""
    nets = {"critic": trainer.critic, "generator": trainer.generator}
    return {
        f"{net}.{name}": tensor.detach().clone()
        for net, module in nets.items()
        for name, tensor in module.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def make_inputs(case: Case, seed: int) -> dict[str, Tensor]:
    """Initial weights, pictures and noise, all of them values that float32 has."""
    c = case.configuration
    torch.manual_seed(seed)
    trainer = Trainer(c)
    for net in (trainer.critic, trainer.generator):
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):  # Not 1 and 0, which hide mistakes.
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.2, 0.2)
    # PyTorch's initial weights of so small a critic would nearly all be clipped to the bound, and whole-numbered pixels
    # would then often sum to exactly 0, where LeakyReLU has its kink. A tenth of them: only some are clipped.
    for parameter in trainer.critic.parameters():
        if parameter.dim() == 4:
            parameter.data.mul_(0.1)
    inputs = {f"initial/{name}": tensor for name, tensor in state(trainer).items()}
    for step in range(CRITIC_STEPS):
        n = case.batch_size(step)
        # Smooth blotches and a little grain: real pictures must differ from the generator's.
        blotches = nn.functional.interpolate(torch.rand(n, c.channels, 4, 4), c.size, mode="bilinear")
        pictures = (blotches * 230 + torch.rand(n, c.channels, c.size, c.size) * 25).round()
        inputs[f"pictures/{step}"] = pictures.permute(0, 2, 3, 1).contiguous()
        inputs[f"noise/critic/{step}"] = torch.randn(n, c.latent)
    for step in range(CRITIC_STEPS // c.critic_steps):
        inputs[f"noise/generator/{step}"] = torch.randn(c.batch_size, c.latent)
    return inputs


def run(
    case: Case, inputs: dict[str, Tensor], dtype: torch.dtype,
    layout: torch.memory_format = torch.contiguous_format, trainer_type: Callable[[Configuration], Trainer] = Trainer,
) -> dict[str, Tensor]:
    """The 10 critic and 2 generator steps in `dtype`."""
    c = case.configuration
    trainer = trainer_type(c)
    for name, net in (("critic", trainer.critic), ("generator", trainer.generator)):
        prefix = f"initial/{name}."
        weights = {key.removeprefix(prefix): value for key, value in inputs.items() if key.startswith(prefix)}
        missing = net.load_state_dict(weights, strict=False).missing_keys
        assert all(key.endswith("num_batches_tracked") for key in missing)
        net.to(dtype=dtype, memory_format=layout)
    trainer.make_optimizers()

    def noise(name: str) -> Tensor:
        return inputs[name].to(dtype)[:, :, None, None]

    def gradients(net: nn.Module, name: str) -> dict[str, Tensor]:
        return {f"gradient/{name}/first/{key}": p.grad.detach().clone() for key, p in net.named_parameters()}

    results, real, fake, generator = {}, [], [], []
    for step in range(CRITIC_STEPS):
        pictures = inputs[f"pictures/{step}"].to(dtype).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        losses = trainer.critic_step(pictures / 255 * 2 - 1, noise(f"noise/critic/{step}"))
        real.append(losses[0])
        fake.append(losses[1])
        if step == 0:
            results |= gradients(trainer.critic, "critic")
        if (step + 1) % c.critic_steps == 0:
            generator.append(trainer.generator_step(noise(f"noise/generator/{step // c.critic_steps}")))
            if len(generator) == 1:
                results |= gradients(trainer.generator, "generator")
    results["loss/real"], results["loss/fake"] = torch.stack(real), torch.stack(fake)
    results["loss/d"], results["loss/g"] = results["loss/real"] - results["loss/fake"], torch.stack(generator)
    return results | {f"final/{name}": tensor for name, tensor in state(trainer).items()}


# MARK: Comparing two runs

# What the tests allow; see README.md, which has these figures too. --noise says where they come from.
TOLERANCES = {
    "first critic step's losses": 1e-5,
    "later losses": 3e-4,
    "critic's first gradient": 1e-4,
    "generator's first gradient": 3e-4,
    "parameters": 2e-2,
    "running statistics": 1e-4,
}


def differences(run: dict[str, Tensor], exact: dict[str, Tensor], c: Configuration) -> dict[str, float]:
    """How far a run is from the float64 one, by quantity: its worst tensor's figure, in the units of README.md."""
    scale = max(exact[f"loss/{name}"].abs().max().item() for name in ("real", "fake", "g"))
    worst = dict.fromkeys(TOLERANCES, 0.0)

    def note(quantity: str, value: Tensor) -> None:
        # A run that became NaN is infinitely far off, not not at all.
        worst[quantity] = max(worst[quantity], torch.nan_to_num(value, nan=torch.inf).item())

    def rms(tensor: Tensor) -> Tensor:
        return tensor.square().mean().sqrt()

    for name, expected in exact.items():
        delta = run[name].double() - expected
        if name in ("loss/real", "loss/fake", "loss/d"):
            note("first critic step's losses", delta[0].abs() / scale)
            note("later losses", delta[1:].abs().max() / scale)
        elif name == "loss/g":
            note("later losses", delta.abs().max() / scale)
        elif name.startswith("gradient/"):
            net = name.split("/")[1]
            # The critic's last beta has gradient 0 where norm comes last: real's and fake's cancel.
            floor = 1e-3 * max(rms(g) for key, g in exact.items() if key.startswith(f"gradient/{net}/"))
            note(f"{net}'s first gradient", rms(delta) / max(rms(expected), floor))
        elif "running" in name:
            note("running statistics", rms(delta) / rms(expected))
        else:
            note("parameters", rms(delta) / c.learning_rate)
    return worst


def float32_runs(case: Case, inputs: dict[str, Tensor]):
    """The same steps, summed in different orders: oneDNN in two layouts, and PyTorch's own convolutions."""
    yield run(case, inputs, torch.float32)
    yield run(case, inputs, torch.float32, torch.channels_last)
    with torch.backends.mkldnn.flags(enabled=False):
        yield run(case, inputs, torch.float32)


def print_noise(seeds: int) -> None:
    for case in CASES:
        print(f"{case.name}: float32 against float64, committed inputs | median and worst of {seeds} other seeds")
        committed, others = None, []
        for seed in [case.seed, *range(1000, 1000 + seeds)]:
            inputs = make_inputs(case, seed)
            if seed == case.seed:
                print(f"  smallest argument of an activation: {kink_margin(case, inputs):.1e} of its layer's rms")
            exact = run(case, inputs, torch.float64)
            runs = [differences(r, exact, case.configuration) for r in float32_runs(case, inputs)]
            worst = {quantity: max(r[quantity] for r in runs) for quantity in TOLERANCES}
            if committed is None:
                committed = worst
            else:
                others.append(worst)
        for quantity, tolerance in TOLERANCES.items():
            values = sorted(other[quantity] for other in others)
            print(f"  {quantity:28} {committed[quantity]:8.1e} | {values[len(values) // 2]:8.1e} {values[-1]:8.1e}"
                  f" | tolerance {tolerance:.0e}")


def kink_margin(case: Case, inputs: dict[str, Tensor]) -> float:
    """The smallest argument that any ReLU or LeakyReLU sees in the whole run, relative to its layer's rms.

    Rounding that carries an argument over 0 changes a gradient by a jump; far from 0, runs differ by rounding alone.
    """
    margins = []

    def watch(_, arguments):
        x = arguments[0]
        margins.append((x.abs().min() / x.square().mean().sqrt()).item())

    class Watched(Trainer):
        def __init__(self, c):
            super().__init__(c)
            for net in (self.critic, self.generator):
                for module in net.modules():
                    if isinstance(module, (nn.ReLU, nn.LeakyReLU)):
                        module.register_forward_pre_hook(watch)

    run(case, inputs, torch.float64, trainer_type=Watched)
    return min(margins)


def print_search(seeds: int) -> None:
    for case in CASES:
        margins = sorted(((kink_margin(case, make_inputs(case, seed)), seed) for seed in range(seeds)), reverse=True)
        print(f"{case.name}: " + ", ".join(f"seed {seed} {margin:.1e}" for margin, seed in margins[:3])
              + f"; median {margins[len(margins) // 2][0]:.1e}")


# MARK: Mistakes that the test must see

def mistakes() -> dict[str, Callable[[Configuration], Trainer]]:
    class ClipsConvolutionsOnly(Trainer):
        def clip(self):
            for p in self.critic.parameters():
                if p.dim() == 4:
                    p.data.clamp_(-self.configuration.clip, self.configuration.clip)

    class ClipsBuffersToo(Trainer):
        def clip(self):
            super().clip()
            for b in self.critic.buffers():
                if b.is_floating_point():
                    b.clamp_(-self.configuration.clip, self.configuration.clip)

    class OneBatchForRealAndFake(Trainer):
        def critic_step(self, real, noise):
            set_trainable(self.critic, True)
            self.clip()
            net, pictures = self.critic, torch.cat([real, self.generator(noise).detach()])
            scores = net.final(net.pyramid(net.extra(net.initial(pictures))))
            real_loss, fake_loss = scores[:len(real)].mean(), scores[len(real):].mean()
            net.zero_grad()
            (real_loss - fake_loss).backward()
            self.critic_optimizer.step()
            return real_loss.detach(), fake_loss.detach()

    class GeneratorStandsStillInCriticSteps(Trainer):
        def critic_step(self, real, noise):
            kept = [b.clone() for b in self.generator.buffers()]
            losses = super().critic_step(real, noise)
            for b, old in zip(self.generator.buffers(), kept):
                b.copy_(old)
            return losses

    class CriticStandsStillInGeneratorSteps(Trainer):
        def generator_step(self, noise):
            kept = [b.clone() for b in self.critic.buffers()]
            loss = super().generator_step(noise)
            for b, old in zip(self.critic.buffers(), kept):
                b.copy_(old)
            return loss

    def optimizer(**changes):
        class Changed(Trainer):
            def make_optimizers(self):
                super().make_optimizers()
                for o in (self.critic_optimizer, self.generator_optimizer):
                    for group in o.param_groups:
                        group.update(changes)
        return Changed

    def layers(change: Callable[[nn.Module], None]):
        class Changed(Trainer):
            def __init__(self, c):
                super().__init__(c)
                for net in (self.critic, self.generator):
                    for module in net.modules():
                        change(module)
        return Changed

    def set_attribute(kind, name, value):
        return layers(lambda m: setattr(m, name, value) if isinstance(m, kind) else None)

    class BiasedRunningVariance(nn.BatchNorm2d):
        def forward(self, x):
            old = self.running_var.clone()
            y = super().forward(x)
            n = x.numel() / x.shape[1]
            self.running_var.data.copy_(0.9 * old + (self.running_var - 0.9 * old) * (n - 1) / n)
            return y

    def biased(module):
        if type(module) is nn.BatchNorm2d:
            module.__class__ = BiasedRunningVariance

    def configured(**changes):
        return lambda c: Trainer(replace(c, **changes))

    return {
        "clips after the update": configured(clip_time="after-update"),
        "clips convolutions only": ClipsConvolutionsOnly,
        "clips running statistics too": ClipsBuffersToo,
        "real and fake in one norm batch": OneBatchForRealAndFake,
        "generator's statistics stand still in critic steps": GeneratorStandsStillInCriticSteps,
        "critic's statistics stand still in generator steps": CriticStandsStillInGeneratorSteps,
        "biased running variance": layers(biased),
        "norm eps 1e-6": set_attribute(nn.BatchNorm2d, "eps", 1e-6),
        "norm momentum .9": set_attribute(nn.BatchNorm2d, "momentum", 0.9),
        "leaky slope .1": set_attribute(nn.LeakyReLU, "negative_slope", 0.1),
        "RMSprop smoothing .9": optimizer(alpha=0.9),
        "RMSprop smoothing .98": optimizer(alpha=0.98),
        "RMSprop eps 1e-7": optimizer(eps=1e-7),
        "RMSprop eps 0": optimizer(eps=0),
        "RMSprop centred": optimizer(centered=True),
        "learning rate 1 % high": optimizer(lr=5.05e-5),
        "the other block order": lambda c: Trainer(replace(c, block_order={
            "conv-act-norm": "conv-norm-act", "conv-norm-act": "conv-act-norm"}[c.block_order])),
        "float32, no mistake": Trainer,
    }


def print_mistakes() -> None:
    print("The largest difference in tolerances (above 1: the test fails), and in what")
    for case in CASES:
        print(case.name)
        inputs = make_inputs(case, case.seed)
        exact = run(case, inputs, torch.float64)
        for name, trainer_type in mistakes().items():
            wrong = differences(run(case, inputs, torch.float32, trainer_type=trainer_type), exact, case.configuration)
            off = {quantity: wrong[quantity] / TOLERANCES[quantity] for quantity in TOLERANCES}
            worst = max(off, key=off.get)
            print(f"  {name:52} {off[worst]:9.2f}  {worst}")


# MARK: Writing

def write() -> None:
    from safetensors.torch import save

    for case in CASES:
        inputs = make_inputs(case, case.seed)
        results = run(case, inputs, torch.float32)
        exact = {f"float64/{name}": tensor.float() for name, tensor in run(case, inputs, torch.float64).items()}
        tensors = {name: tensor.contiguous() for name, tensor in (inputs | results | exact).items()}
        metadata = {key: str(value) for key, value in asdict(case.configuration).items()}
        path = HERE / f"{case.name}.safetensors"
        path.write_bytes(with_metadata(save(tensors), metadata))
        print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size:,} bytes")


def with_metadata(file: bytes, metadata: dict[str, str]) -> bytes:
    """A safetensors file plus metadata, in order: the library itself writes it in a random one, anew for each file."""
    length = int.from_bytes(file[:8], "little")
    header = json.dumps({"__metadata__": metadata} | json.loads(file[8:8 + length]), separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + file[8 + length:]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--mistakes", action="store_true")
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds --noise and --search try (default 100)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # Tiny nets; and one order of summing.
    if arguments.noise:
        print_noise(arguments.seeds)
    elif arguments.mistakes:
        print_mistakes()
    elif arguments.search:
        print_search(arguments.seeds)
    else:
        write()
