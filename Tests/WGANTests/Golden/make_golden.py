"""Makes the golden files: what PyTorch computes in 10 critic steps and the generator's between, from given inputs.

    python3 make_golden.py               writes <case>.safetensors beside this script (README.md says what is in them)
    python3 make_golden.py --check INTO  writes them into the folder INTO; exits 1 if the committed ones say otherwise
    python3 make_golden.py --noise       how far float32 runs are from the float64 run: where the tolerances come from
    python3 make_golden.py --mistakes    how many tolerances off runs with mistakes are; exits 1 if one isn't seen
    python3 make_golden.py --search      which seeds keep every activation's argument farthest from 0

Needs torch 2.13.0, numpy and safetensors.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Benchmarks" / "peers"))
sys.dont_write_bytecode = True

from wgan_reference import (  # noqa: E402
    PRESETS, Augmentation, Configuration, Trainer, one_centred, set_trainable, zero_centred)

CRITIC_STEPS = 10

# What the test allows; README.md says where these figures come from. The golden files carry them.
TOLERANCES = {
    "first losses": 1e-5,
    "later losses": 3e-4,
    "critic's gradient": 1e-4,
    "generator's gradient": 3e-4,
    "parameters": 1e-2,
    "running statistics": 1e-4,
    "penalties": 1e-5,
    "gradient norms": 1e-5,
}


@dataclass(frozen=True)
class Case:
    name: str
    preset: str
    seed: int
    """Of the inputs: one of those that --search finds."""
    changes: dict = field(default_factory=dict)
    """Of the preset's configuration."""
    short_batch: int | None = None
    """How many pictures the last critic step before the first generator step sees: an epoch's tail. None: a batch."""

    @property
    def configuration(self) -> Configuration:
        return replace(PRESETS[self.preset], **SMALL | self.changes)

    def count(self, step: int) -> int:
        """Real pictures of critic step `step`."""
        c = self.configuration
        return self.short_batch if self.short_batch and step == c.critic_steps - 1 else c.batch_size

    @property
    def quantities(self) -> list[str]:
        """Those of `TOLERANCES` that the case has."""
        penalties = ("penalties", "gradient norms")
        return [key for key in TOLERANCES if self.configuration.objective != "wgan" or key not in penalties]


# The presets' nets, smaller.
SMALL = {"size": 16, "critic_features": 6, "generator_features": 6, "latent": 7, "batch_size": 5}
# A critic without norms says nothing about pictures while all of its weights are below 0.01.
WIDE = {"clip_lower": -0.1, "clip_upper": 0.1}
MLP_CRITIC = {"critic_net": "mlp", "critic_features": 12} | WIDE
MLP_GENERATOR = {"generator_net": "mlp", "generator_features": 10}
# The critic's norms and a penalty exclude each other.
MLP_PENALTY = {"critic_net": "mlp", "critic_features": 12} | MLP_GENERATOR
GP = {"objective": "wgan-gp", "critic_norm": False}
R1R2 = {"objective": "wgan-r1r2", "critic_norm": False, "penalty_weight": 2.0}
RELATIVISTIC = R1R2 | {"objective": "relativistic"}
# What the papers on penalties train with.
PENALTY_ADAM = {"optimizer": "adam", "adam_beta1": 0.0, "adam_beta2": 0.9}
FULL = {"critic_noise_batch": "full"}
AUGMENT = {"augment": "color,translate,cutout"}
CASES = [
    Case("blog", "blog", 70, short_batch=3),
    Case("blog-32", "blog", 0, {"size": 32, "critic_features": 4, "generator_features": 4, "batch_size": 4}),
    Case("original", "original", 22, short_batch=3),
    Case("original-extra", "original", 49, {"extra_layers": 1}),
    Case("original-grey", "original", 20, {"channels": 1}),
    Case("paper", "paper", 62),
    Case("fastai", "fastai", 20),
    Case("adam", "original", 40, {"optimizer": "adam"}),
    Case("separate", "blog", 31, {
        "critic_features": 8, "generator_features": 4, "critic_learning_rate": 1e-4, "clip_lower": -0.02,
        "clip_upper": 0.03}),
    Case("no-norm-generator", "original", 95, {"generator_norm": False}),
    Case("no-norm-critic", "blog", 57, {"critic_norm": False} | WIDE),
    Case("mlp-critic", "original", 94, MLP_CRITIC | {"channels": 1}),
    Case("mlp-generator", "original", 94, MLP_GENERATOR),
    Case("mlp", "original", 77, MLP_CRITIC | MLP_GENERATOR),
    Case("gp", "blog", 74, GP | PENALTY_ADAM | FULL, short_batch=3),
    Case("gp-32", "blog", 55, GP | {"size": 32, "critic_features": 4, "generator_features": 4, "batch_size": 4}),
    Case("gp-extra-grey", "blog", 81, GP | {"extra_layers": 1, "channels": 1, "generator_norm": False}),
    Case("gp-mlp", "blog", 87, GP | MLP_PENALTY | {"channels": 1}, short_batch=3),
    Case("r1r2", "blog", 53, R1R2 | {"critic_steps": 2, "ema": 0.9}, short_batch=3),
    Case("r1r2-extra", "blog", 59, R1R2 | PENALTY_ADAM | {"extra_layers": 1, "block_order": "conv-norm-act"}),
    Case("r1r2-mlp", "blog", 10, R1R2 | MLP_PENALTY | {"channels": 1}),
    Case("relativistic", "blog", 36, RELATIVISTIC | PENALTY_ADAM | {"critic_steps": 1, "ema": 0.9}),
    Case("relativistic-32", "blog", 50, RELATIVISTIC | {
        "size": 32, "critic_features": 4, "generator_features": 4, "batch_size": 4, "critic_steps": 2}),
    Case("relativistic-tail", "blog", 104, RELATIVISTIC | FULL | {"channels": 1, "critic_steps": 2}, short_batch=3),
    Case("relativistic-mlp", "blog", 62, RELATIVISTIC | {
        "critic_net": "mlp", "critic_features": 12, "critic_steps": 2}),
    Case("augment", "blog", 2, AUGMENT, short_batch=3),
    Case("augment-gp", "blog", 16, GP | AUGMENT),
    Case("augment-relativistic", "blog", 51, RELATIVISTIC | AUGMENT | {"critic_steps": 2}, short_batch=3),
]


# MARK: Inputs, which the Swift side makes in the same way, bit for bit

# Values of Randomness's RandomPurpose.
INTERPOLATION, TEST = 11, 255


def philox(seed: int, index: int, words: int, purpose: int = TEST, step: int = 0) -> np.ndarray:
    """The words of Randomness's RandomStream(seed: seed, purpose: purpose, step: step, index: index)."""
    mask, shift = np.uint64(0xFFFF_FFFF), np.uint64(32)
    blocks = -(-words // 4)
    c = [np.arange(blocks, dtype=np.uint64), np.full(blocks, index, np.uint64),
         np.full(blocks, step & 0xFFFF_FFFF, np.uint64), np.full(blocks, step >> 32 | purpose << 24, np.uint64)]
    k = [seed & 0xFFFF_FFFF, seed >> 32]
    for _ in range(10):
        product0, product1 = c[0] * np.uint64(0xD251_1F53), c[2] * np.uint64(0xCD9E_8D57)
        c = [(product1 >> shift) ^ c[1] ^ np.uint64(k[0]), product1 & mask,
             (product0 >> shift) ^ c[3] ^ np.uint64(k[1]), product0 & mask]
        k = [(k[0] + 0x9E37_79B9) & 0xFFFF_FFFF, (k[1] + 0xBB67_AE85) & 0xFFFF_FFFF]
    return np.stack(c, axis=1).reshape(-1)[:words]


def uniform(seed: int, name: str, count: int) -> np.ndarray:
    """Numbers in [0, 1) with 24 bits for the tensor `name`, whose FNV-1a hash is its stream's index."""
    index = 0x811C_9DC5
    for byte in name.encode():
        index = (index ^ byte) * 0x0100_0193 & 0xFFFF_FFFF
    return uniforms(philox(seed, index, count))


def uniforms(words: np.ndarray) -> np.ndarray:
    """RandomStream's uniform()."""
    return (words >> np.uint64(8)).astype(np.float64) * 2.0**-24


def initial(seed: int, name: str, shape: torch.Size, c: Configuration) -> Tensor:
    """Parameters and running statistics. Gamma and beta aren't 1 and 0, which hide mistakes.

    Running variances begin at 0: critics' are so small that of another start nothing else would be seen. Running means
    begin outside of the clip bounds.
    """
    u = uniform(seed, name, shape.numel())
    critic = name.startswith("critic.")
    if name.endswith(".running_mean"):
        values = (u * 2 - 1) * 0.05
    elif name.endswith(".running_var"):
        values = 0 * u
    elif name.endswith(".bn.weight"):
        values = 0.5 + u
    elif name.endswith(".bn.bias"):
        # Where norm comes first, a critic's variances below eps leave gates that beta alone opens or shuts, for all
        # pictures; and then its gradient is zero but for rounding, which RMSprop makes large.
        values = (u * 2 - 1) * (0.003 if critic and c.block_order == "conv-norm-act" else 0.2)
    elif name.endswith(".bias"):
        values = (u * 2 - 1) * 0.02
    else:
        # PyTorch's range; of a critic with narrow bounds a tenth of it. Nearly all of so small a critic's weights would
        # be clipped to the bound, and whole-numbered pixels would then often sum to exactly 0, where LeakyReLU's kink
        # is. A critic with a penalty gets twice the range: its gradients then have norms below and above 1.
        if critic and c.objective == "wgan":
            factor = 0.1 if c.clip_upper < 0.05 else 1
        else:
            factor = 2 if critic else 1
        values = (u * 2 - 1) * (factor / np.sqrt(shape[1:].numel()))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def pictures(seed: int, step: int, count: int, c: Configuration) -> Tensor:
    """[count, channels, size, size], whole numbers: 4x4 tiles of one value each, and a little grain."""
    u = uniform(seed, f"pictures/{step}", count * c.size * c.size * c.channels)
    u = u.reshape(count, c.size, c.size, c.channels)
    tiles = uniform(seed, f"tiles/{step}", count * 16 * c.channels).reshape(count, 4, 4, c.channels)
    tiles = tiles.repeat(c.size // 4, axis=1).repeat(c.size // 4, axis=2)
    values = np.floor(tiles * 230) + np.floor(u * 26)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def noise(seed: int, name: str, count: int, c: Configuration) -> Tensor:
    """[count, latent]: sums of four uniform numbers, of variance 1/3: no logarithm whose last bit is the machine's."""
    u = uniform(seed, name, 4 * count * c.latent).reshape(-1, 4)
    return torch.from_numpy(((u[:, 0] + u[:, 1]) + (u[:, 2] + u[:, 3]) - 2).astype(np.float32)).reshape(count, c.latent)


def interpolation(seed: int, step: int, count: int) -> Tensor:
    """[count]: the real picture's share of each mixture that wgan-gp's penalty is taken at, as training draws it."""
    return torch.from_numpy(uniforms(philox(seed, 0, count, INTERPOLATION, step)))


# By sight, RandomPurpose's values.
AUGMENTATION = {"critic-real": 13, "critic-fake": 14, "generator-real": 15, "generator-fake": 16}


def augmentation(seed: int, sight: str, step: int, count: int, c: Configuration) -> Augmentation:
    """As training draws it: all numbers of each picture from a stream of its own, whichever kinds are wanted."""
    def below(bound: int, low: int, high: int) -> int:
        product = ((high << 32) | low) * bound
        assert product % 2**64 >= bound, "drawn once more, once in 2^64 / bound times"
        return product >> 64

    uniform, shifts, cuts = [], [], []
    for picture in range(count):
        words = philox(seed, picture, 11, AUGMENTATION[sight], step)
        uniform.append(uniforms(words[:3]))
        pairs = [int(word) for word in words[3:]]
        shift, cut = c.size // 8, c.size // 2
        shifts.append(tuple(below(2 * shift + 1, *pairs[i:i + 2]) - shift for i in (0, 2)))
        cuts.append(tuple(below(c.size + 1 - cut % 2, *pairs[i:i + 2]) - cut // 2 for i in (4, 6)))
    color = torch.from_numpy(np.stack(uniform, axis=1)) if "color" in c.augment else [None] * 3
    return Augmentation(*color, shifts if "translate" in c.augment else None, cuts if "cutout" in c.augment else None)


# MARK: One run

def state(trainer: Trainer) -> dict[str, Tensor]:
    """Parameters and running statistics of both nets, by name; copies."""
    nets = {"critic": trainer.critic, "generator": trainer.generator}
    if trainer.generator_ema is not None:
        nets["generator_ema"] = trainer.generator_ema
    return {
        f"{net}.{name}": tensor.detach().clone()
        for net, module in nets.items()
        for name, tensor in module.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def run(
    case: Case, dtype: torch.dtype, layout: torch.memory_format = torch.contiguous_format,
    trainer_type: Callable[[Configuration], Trainer] = Trainer,
) -> dict[str, Tensor]:
    """The 10 critic steps and the generator steps between them, in `dtype`."""
    trainer = trainer_type(case.configuration)
    c = trainer.configuration
    for name, net in (("critic", trainer.critic), ("generator", trainer.generator)):
        prefix = f"{name}."
        weights = {key.removeprefix(prefix): initial(case.seed, key, value.shape, c)
                   for key, value in state(trainer).items() if key.startswith(prefix)}
        missing = net.load_state_dict(weights, strict=False).missing_keys
        assert all(key.endswith("num_batches_tracked") for key in missing)
        net.to(dtype=dtype, memory_format=layout)
    trainer.make_optimizers()
    if c.augment != "none":
        trainer.augmentation = lambda sight, step, count: augmentation(case.seed, sight, step, count, c)

    def vectors(name: str, count: int) -> Tensor:
        return noise(case.seed, name, count, c).to(dtype)[:, :, None, None]

    def gradients(net: nn.Module, name: str) -> dict[str, Tensor]:
        return {f"gradient/{name}.{key}": p.grad.detach().clone() for key, p in net.named_parameters()}

    results, losses = {}, {}

    def note(name: str, value: Tensor) -> None:
        losses.setdefault(name, []).append(value)

    for step in range(CRITIC_STEPS):
        count = case.count(step)
        pixels = pictures(case.seed, step, count, c).to(dtype).contiguous(memory_format=layout)
        means = trainer.critic_step(
            pixels / 255 * 2 - 1, vectors(f"noise/critic/{step}", c.fakes(count)),
            interpolation(case.seed, step, count).to(dtype))
        note("real", means[0])
        note("fake", means[1])
        for name, value in trainer.measured.items():
            note(name, value)
        if step == 0:
            results |= gradients(trainer.critic, "critic")
        if (step + 1) % c.critic_steps == 0:
            i = step // c.critic_steps
            note("g", trainer.generator_step(vectors(f"noise/generator/{i}", c.batch_size)))
            if i == 0:
                results |= gradients(trainer.generator, "generator")
    results |= {f"loss/{name}": torch.stack(values) for name, values in losses.items()}
    return results | {f"final/{name}": tensor for name, tensor in state(trainer).items()}


# MARK: Comparing two runs

# What a critic step measures besides losses, and the quantity that it is.
MEASURED = {"penalty": "penalties", "gradient_norm": "gradient norms", "gradient_norm_spread": "gradient norms"}


def differences(run: dict[str, Tensor], exact: dict[str, Tensor], case: Case) -> dict[str, float]:
    """How far a run is from the float64 one, by quantity: its worst tensor's figure, in the units of README.md."""
    c = case.configuration
    scale = max(exact[f"loss/{name}"].abs().max().item() for name in ("real", "fake", "g"))
    worst = dict.fromkeys(case.quantities, 0.0)

    def note(quantity: str, value: Tensor) -> None:
        # A run that became NaN is infinitely far off, not not at all.
        worst[quantity] = max(worst[quantity], torch.nan_to_num(value, nan=torch.inf).item())

    def rms(tensor: Tensor) -> Tensor:
        return tensor.square().mean().sqrt()

    for key, expected in exact.items():
        kind, name = key.split("/")
        net = name.split(".")[0]
        delta = run[key].double() - expected
        if name in MEASURED:
            note(MEASURED[name], (delta.abs() / expected.abs().max()).max())
        elif kind == "loss":
            if name != "g":
                note("first losses", delta[0].abs() / scale)
                delta = delta[1:]
            note("later losses", delta.abs().max() / scale)
        elif kind == "gradient":
            # The critic's last beta has gradient 0 where norm comes last: real's and fake's cancel.
            floor = 1e-3 * max(rms(g) for key, g in exact.items() if key.startswith(f"gradient/{net}."))
            note(f"{net}'s gradient", rms(delta) / max(rms(expected), floor))
        elif ".running_" in name:
            note("running statistics", rms(delta) / rms(expected))
        else:
            rate = c.critic_learning_rate if net == "critic" else c.generator_learning_rate
            note("parameters", rms(delta) / rate)
    return worst


def in_tolerances(worst: dict[str, float]) -> float:
    return max(value / TOLERANCES[quantity] for quantity, value in worst.items())


def float32_differences(case: Case, exact: dict[str, Tensor]) -> dict[str, float]:
    """The worst of three runs that sum in different orders: oneDNN in two layouts, and PyTorch's own convolutions."""
    runs = [run(case, torch.float32), run(case, torch.float32, torch.channels_last)]
    with torch.backends.mkldnn.flags(enabled=False):
        runs.append(run(case, torch.float32))
    all_of_them = [differences(r, exact, case) for r in runs]
    return {quantity: max(d[quantity] for d in all_of_them) for quantity in case.quantities}


def print_noise(seeds: int) -> None:
    for case in CASES:
        print(f"{case.name}: float32 against float64, committed inputs | median and worst of {seeds} other seeds")
        print(f"  smallest argument of an activation: {kink_margin(case):.1e} of its layer's rms")
        committed = float32_differences(case, run(case, torch.float64))
        cases = [replace(case, seed=seed) for seed in range(1000, 1000 + seeds)]
        others = [float32_differences(other, run(other, torch.float64)) for other in cases]
        for quantity in case.quantities:
            tolerance = TOLERANCES[quantity]
            values = sorted(other[quantity] for other in others)
            rest = f" | {values[len(values) // 2]:.1e} {values[-1]:.1e}" if values else ""
            print(f"  {quantity:24} {committed[quantity]:.1e}{rest}  (tolerance {tolerance:.0e})")


def kink_margin(case: Case) -> float:
    """How near an activation's argument comes to 0, its kink, in the float64 run: relative to its layer's rms.

    Exact zeros don't count: they are of pictures that augmentation has cut, and zero for everyone.
    """
    margins = []

    def watch(module: nn.Module, arguments: tuple[Tensor]) -> None:
        x = arguments[0].detach()
        margins.append((x[x != 0].abs().min() / x.square().mean().sqrt()).item())

    class Watched(Trainer):
        def __init__(self, c):
            super().__init__(c)
            for net in (self.critic, self.generator):
                for module in net.modules():
                    if isinstance(module, (nn.ReLU, nn.LeakyReLU)):
                        module.register_forward_pre_hook(watch)

    run(case, torch.float64, trainer_type=Watched)
    return min(margins)


def print_search(seeds: int) -> None:
    for case in CASES:
        margins = sorted(((kink_margin(replace(case, seed=seed)), seed) for seed in range(seeds)), reverse=True)
        print(f"{case.name}: margin, float32's greatest difference in tolerances")
        for margin, seed in margins[:5]:
            other = replace(case, seed=seed)
            off = float32_differences(other, run(other, torch.float64))
            worst = in_tolerances(off)
            print(f"  seed {seed:4} {margin:.1e} {worst:.3f}", flush=True)


# MARK: Mistakes that the test must see

def mistakes() -> dict[str, tuple[Callable[[Case], bool], Callable[[Configuration], Trainer]]]:
    """By name: which cases it concerns, and the run with it."""

    class ClipsWeightsOnly(Trainer):
        def clip(self):
            for p in self.critic.parameters():
                if p.dim() > 1:
                    p.data.clamp_(self.configuration.clip_lower, self.configuration.clip_upper)

    class ClipsBuffersToo(Trainer):
        def clip(self):
            super().clip()
            for b in self.critic.buffers():
                if b.is_floating_point():
                    b.clamp_(self.configuration.clip_lower, self.configuration.clip_upper)

    class OneBatchForRealAndFake(Trainer):
        def critic_step(self, real, noise, interpolation):
            set_trainable(self.critic, True)
            if self.configuration.clip_time == "before-step":
                self.clip()
            net = self.critic
            scores = net.scores(torch.cat([real, self.generator(noise).detach()]))
            real_loss, fake_loss = scores[:len(real)].mean(), scores[len(real):].mean()
            net.zero_grad()
            (real_loss - fake_loss).backward()
            self.critic_optimizer.step()
            if self.configuration.clip_time == "after-update":
                self.clip()
            return real_loss.detach(), fake_loss.detach()

    class GeneratorStandsStillInCriticSteps(Trainer):
        def critic_step(self, real, noise, interpolation):
            kept = [b.clone() for b in self.generator.buffers()]
            losses = super().critic_step(real, noise, interpolation)
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

    class EpsInsideTheRoot(Trainer):
        def make_optimizer(self, net, rate):
            class RMSprop(torch.optim.RMSprop):
                def step(self):
                    for p in self.param_groups[0]["params"]:
                        v = self.state[p].setdefault("square_avg", torch.zeros_like(p))
                        v.mul_(0.99).addcmul_(p.grad, p.grad, value=0.01)
                        p.data.sub_(rate * p.grad / (v + 1e-8).sqrt())
            return RMSprop(net.parameters(), lr=rate)

    def shares(change: Callable[[Tensor], Tensor]):
        class Changed(Trainer):
            def critic_step(self, real, noise, interpolation):
                return super().critic_step(real, noise, change(interpolation))
        return Changed

    class OtherPenalty(Trainer):
        """Zero-centred for one-centred, and the other way round."""
        def penalty(self, norms):
            weight = self.configuration.penalty_weight
            if self.configuration.objective == "wgan-gp":
                return zero_centred(norms[0], weight)
            return sum(one_centred(n, weight) for n in norms)

    class PenaltyMeasuredOnly(Trainer):
        def penalty(self, norms):
            return super().penalty(norms).detach()

    class RealPenaltyTwice(Trainer):
        def penalty(self, norms):
            return super().penalty([norms[0], norms[0]])

    class PenaltyOfTheMean(Trainer):
        """Of the gradients' mean norm instead of each one's."""
        def penalty(self, norms):
            return super().penalty([n.mean().expand_as(n) for n in norms])

    class MeansNotPairs(Trainer):
        def critic_loss(self, real_scores, fake_scores):
            return super().critic_loss(real_scores.mean(), fake_scores.mean())

    class OtherPairsInGeneratorSteps(Trainer):
        def generator_step(self, noise):
            self.last_real = self.last_real.flip(0)
            return super().generator_step(noise)

    class FirstRealsInGeneratorSteps(Trainer):
        first = None

        def generator_step(self, noise):
            if self.first is None:
                self.first = self.last_real
            self.last_real = self.first
            return super().generator_step(noise)

    class NothingSeenInGeneratorSteps(Trainer):
        def seen(self, pictures, sight):
            return pictures if sight.startswith("generator") else super().seen(pictures, sight)

    class RealsAugmentationForAll(Trainer):
        def seen(self, pictures, sight):
            return super().seen(pictures, sight.split("-")[0] + "-real")

    class NextStepsAugmentation(Trainer):
        def seen(self, pictures, sight):
            self.critic_steps, self.generator_steps = self.critic_steps + 1, self.generator_steps + 1
            result = super().seen(pictures, sight)
            self.critic_steps, self.generator_steps = self.critic_steps - 1, self.generator_steps - 1
            return result

    class AverageWithoutWarmUp(Trainer):
        def ema_beta(self, step):
            return self.configuration.ema

    class AverageCountsFromZero(Trainer):
        def ema_beta(self, step):
            return super().ema_beta(step - 1)

    class AverageOfParametersOnly(Trainer):
        def average(self):
            kept = {name: b.clone() for name, b in self.generator_ema.named_buffers()}
            super().average()
            for name, b in self.generator_ema.named_buffers():
                b.copy_(kept[name])

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

    def configured(change: Callable[[Configuration], dict]):
        return lambda c: Trainer(replace(c, **change(c)))

    def other(field, one, two):
        return configured(lambda c: {field: two if getattr(c, field) == one else one})

    def normed(case):
        return case.configuration.critic_net == "dcgan" and case.configuration.critic_norm

    def any_norm(case):
        c = case.configuration
        return normed(case) or c.generator_net == "dcgan" and c.generator_norm

    def generator_norm(case):
        return case.configuration.generator_net == "dcgan" and case.configuration.generator_norm

    def rmsprop(case):
        return case.configuration.optimizer == "rmsprop"

    def clipped(case):
        return case.configuration.objective == "wgan"

    def penalised(case):
        return not clipped(case)

    def objective(*names):
        return lambda case: case.configuration.objective in names

    in_pairs = objective("wgan-r1r2", "relativistic")

    def augmented(case):
        return case.configuration.augment != "none"

    def averaged(case):
        return case.configuration.ema > 0

    def always(case):
        return True

    return {
        "clips at the other time": (clipped, other("clip_time", "before-step", "after-update")),
        "clips weights only, not norms": (normed, ClipsWeightsOnly),
        "clips running statistics too": (normed, ClipsBuffersToo),
        "real and fake in one norm batch": (normed, OneBatchForRealAndFake),
        "fakes of a short batch as many as the other rule says": (
            lambda case: case.short_batch is not None and not in_pairs(case),
            other("critic_noise_batch", "real", "full")),
        "generator's statistics stand still in critic steps": (generator_norm, GeneratorStandsStillInCriticSteps),
        "critic's statistics stand still in generator steps": (normed, CriticStandsStillInGeneratorSteps),
        "biased running variance": (any_norm, layers(biased)),
        "norm eps 1e-6": (any_norm, set_attribute(nn.BatchNorm2d, "eps", 1e-6)),
        "norm momentum .9": (any_norm, set_attribute(nn.BatchNorm2d, "momentum", 0.9)),
        "leaky slope .1": (
            lambda case: case.configuration.critic_net == "dcgan", set_attribute(nn.LeakyReLU, "negative_slope", 0.1)),
        "RMSprop smoothing .9": (rmsprop, optimizer(alpha=0.9)),
        "RMSprop smoothing .98": (rmsprop, optimizer(alpha=0.98)),
        "RMSprop eps inside the root": (rmsprop, EpsInsideTheRoot),
        "RMSprop eps 1e-7": (rmsprop, optimizer(eps=1e-7)),
        "RMSprop eps 0": (rmsprop, optimizer(eps=0)),
        "RMSprop centred": (rmsprop, optimizer(centered=True)),
        "Adam's betas .9, .999": (lambda case: not rmsprop(case), optimizer(betas=(0.9, 0.999))),
        "the other optimizer": (always, other("optimizer", "rmsprop", "adam")),
        "critic's learning rate 1 % high": (
            always, configured(lambda c: {"critic_learning_rate": 1.01 * c.critic_learning_rate})),
        "generator's learning rate 1 % high": (
            always, configured(lambda c: {"generator_learning_rate": 1.01 * c.generator_learning_rate})),
        "the other block order": (any_norm, other("block_order", "conv-act-norm", "conv-norm-act")),
        "penalty's weight 1 % high": (penalised, configured(lambda c: {"penalty_weight": 1.01 * c.penalty_weight})),
        "penalty without its gradient": (penalised, PenaltyMeasuredOnly),
        "penalty of the mean norm": (penalised, PenaltyOfTheMean),
        "the other centre": (penalised, OtherPenalty),
        "mixtures with real and fake exchanged": (objective("wgan-gp"), shares(lambda share: 1 - share)),
        "mixtures with other pictures' shares": (objective("wgan-gp"), shares(lambda share: share.flip(0))),
        "one share for all mixtures": (objective("wgan-gp"), shares(lambda share: share[:1].expand_as(share))),
        "R1 twice, no R2": (objective("wgan-r1r2", "relativistic"), RealPenaltyTwice),
        "relativistic means, not pairs": (objective("relativistic"), MeansNotPairs),
        "other pairs in generator steps": (objective("relativistic"), OtherPairsInGeneratorSteps),
        "the first real pictures in all generator steps": (objective("relativistic"), FirstRealsInGeneratorSteps),
        "pictures as they are in generator steps": (augmented, NothingSeenInGeneratorSteps),
        "fake pictures augmented as the real ones": (augmented, RealsAugmentationForAll),
        "the next step's augmentation": (augmented, NextStepsAugmentation),
        "average without warm-up": (averaged, AverageWithoutWarmUp),
        "average's steps counted from 0": (averaged, AverageCountsFromZero),
        "average of parameters, not of statistics": (averaged, AverageOfParametersOnly),
        "float32, no mistake": (lambda case: False, Trainer),
    }


def print_mistakes() -> bool:
    """Whether each is seen in each case that it concerns."""
    print("The largest difference in tolerances (above 1: the test fails): least and greatest over the cases concerned")
    exact = {case.name: run(case, torch.float64) for case in CASES}
    good = True
    for name, (concerns, trainer_type) in mistakes().items():
        off = {}
        for case in [case for case in CASES if concerns(case)] or CASES:
            wrong = differences(run(case, torch.float32, trainer_type=trainer_type), exact[case.name], case)
            off[case.name] = in_tolerances(wrong)
        least = min(off, key=off.get)
        print(f"  {name:54} {off[least]:9.2f} {max(off.values()):9.2g}  least in {least}; in {len(off)} cases",
              flush=True)
        good = good and (max(off.values()) < 1 if trainer_type is Trainer else off[least] > 1)
    return good


# MARK: Writing

def write(folder: Path) -> None:
    from safetensors.torch import save

    def config_names(values: dict) -> str:
        def camel(name: str) -> str:
            first, *rest = name.split("_")
            return first + "".join(word.capitalize() for word in rest)
        return json.dumps({camel(name): value for name, value in values.items()})

    def whole(c: Configuration) -> dict:
        """Of the younger fields those that say something: a file made before them is still what is made now."""
        younger = {field.name: field.default for field in fields(c)
                   if field.name in ("objective", "penalty_weight", "ema", "augment")}
        values = asdict(c)
        return {name: value for name, value in values.items() if name not in younger or value != younger[name]}

    for case in CASES:
        exact = run(case, torch.float64)
        metadata = {
            "preset": case.preset,
            "seed": str(case.seed),
            "counts": json.dumps([case.count(step) for step in range(CRITIC_STEPS)]),
            "changes": config_names(SMALL | case.changes),
            "configuration": config_names(whole(case.configuration)),
            "tolerances": json.dumps({quantity: TOLERANCES[quantity] for quantity in case.quantities}),
            "float32": json.dumps(
                {key: float(f"{value:.1e}") for key, value in float32_differences(case, exact).items()}),
        }
        path = folder / f"{case.name}.safetensors"
        path.write_bytes(with_metadata(save({name: t.float().contiguous() for name, t in exact.items()}), metadata))


def check(folder: Path) -> bool:
    """Whether the committed files are those in `folder`, but for the last bits."""
    from safetensors import safe_open

    good = True
    names = sorted({path.name for place in (HERE, folder) for path in place.glob("*.safetensors")})
    for name in names:
        try:
            with safe_open(HERE / name, "pt") as committed, safe_open(folder / name, "pt") as fresh:
                headers = [{k: v for k, v in f.metadata().items() if k != "float32"} for f in (committed, fresh)]
                same = headers[0] == headers[1] and set(committed.keys()) == set(fresh.keys()) and all(
                    torch.allclose(committed.get_tensor(key), fresh.get_tensor(key), rtol=1e-6, atol=1e-9)
                    for key in fresh.keys())
        except FileNotFoundError:
            same = False
        if not same:
            print(f"{name}: the committed file isn't what PyTorch computes now; make it again (make_golden.py)",
                  file=sys.stderr)
        good = good and same
    return good


def with_metadata(file: bytes, metadata: dict[str, str]) -> bytes:
    """A safetensors file plus metadata, in order: the library itself writes it in a random one, anew for each file."""
    length = int.from_bytes(file[:8], "little")
    header = json.dumps({"__metadata__": metadata} | json.loads(file[8:8 + length]), separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + file[8 + length:]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", type=Path, metavar="INTO")
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--mistakes", action="store_true")
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds --noise and --search try (default 100)")
    parser.add_argument("--only", help="one case")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # Tiny nets; and one order of summing.
    if arguments.only:
        CASES = [case for case in CASES if case.name == arguments.only]
    if arguments.check:
        arguments.check.mkdir(parents=True, exist_ok=True)
        write(arguments.check)
        sys.exit(not check(arguments.check))
    elif arguments.noise:
        print_noise(arguments.seeds)
    elif arguments.mistakes:
        sys.exit(not print_mistakes())
    elif arguments.search:
        print_search(arguments.seeds)
    else:
        write(HERE)
