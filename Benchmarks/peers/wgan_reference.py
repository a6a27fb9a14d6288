"""A WGAN run in PyTorch: the nets, the objectives and the two steps, as the references have them.

This is the definition that the golden test is made from (Tests/WGANTests/Golden) and the work that step.py times. It
is written to be compared with the references line by line, and takes the same work per step as they do. Where they
differ (block order, when to clip, the generator's extra layers, ...) a field of `Configuration` says which is meant;
`PRESETS` has one value of it for each reference.

Penalties on the critic's gradient are differentiated by PyTorch itself (`create_graph`): nothing here knows the
formulas that a program without automatic differentiation needs.

Run it to check the parameter counts: python3 wgan_reference.py
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Configuration:
    """What the nets and steps depend on. The defaults are the preset `blog`; names (but for the writing, criticNet) and
    strings are those of config.json."""

    size: int = 64
    channels: int = 3
    critic_net: str = "dcgan"  # or "mlp"
    generator_net: str = "dcgan"
    critic_features: int = 64
    generator_features: int = 64
    latent: int = 100
    extra_layers: int = 0
    generator_extra: str = "transposed"  # or "convolution", the authors'
    critic_norm: bool = True
    generator_norm: bool = True
    block_order: str = "conv-act-norm"  # or "conv-norm-act", the authors'
    initialisation: str = "pytorch"  # or "dcgan", the authors'
    batch_size: int = 64
    critic_steps: int = 5
    clip_lower: float = -0.01
    clip_upper: float = 0.01
    clip_time: str = "before-step"  # or "after-update", the paper's
    optimizer: str = "rmsprop"  # or "adam"
    critic_learning_rate: float = 5e-5
    generator_learning_rate: float = 5e-5
    adam_beta1: float = 0.5
    adam_beta2: float = 0.999
    critic_noise_batch: str = "real"  # or "full", the authors'
    objective: str = "wgan"  # or "wgan-gp", "wgan-r1r2", "relativistic"
    penalty_weight: float = 10.0
    ema: float = 0.0  # of the averaged generator; 0: there's none
    augment: str = "none"  # or some of "color", "translate" and "cutout", in this order, with commas between

    def __post_init__(self):
        # 4 * 2^k from 16 up: with any other size the references' loops never reach 4.
        if self.size < 16 or self.size & (self.size - 1):
            raise ValueError(f"size {self.size} isn't a power of two from 16 up")
        allowed = {
            "critic_net": ("dcgan", "mlp"),
            "generator_net": ("dcgan", "mlp"),
            "block_order": ("conv-act-norm", "conv-norm-act"),
            "generator_extra": ("transposed", "convolution"),
            "initialisation": ("pytorch", "dcgan"),
            "clip_time": ("before-step", "after-update"),
            "optimizer": ("rmsprop", "adam"),
            "critic_noise_batch": ("real", "full"),
            "objective": ("wgan", "wgan-gp", "wgan-r1r2", "relativistic"),
        }
        for field, values in allowed.items():
            if getattr(self, field) not in values:
                raise ValueError(f"{field} is {getattr(self, field)!r}, not one of {', '.join(values)}")
        if self.augment != "none" and not set(self.augment.split(",")) <= {"color", "translate", "cutout"}:
            raise ValueError(f"augment is {self.augment!r}")

    def fakes(self, count: int) -> int:
        """How many fake pictures a critic step sees beside `count` real ones."""
        return self.batch_size if self.critic_noise_batch == "full" else count


ORIGINAL = Configuration(
    block_order="conv-norm-act", generator_extra="convolution", initialisation="dcgan", critic_noise_batch="full")

# The blog post; the authors' code; algorithm 1 of their paper; the lesson that the post follows.
PRESETS = {
    "blog": Configuration(),
    "original": ORIGINAL,
    "paper": replace(ORIGINAL, clip_time="after-update"),
    "fastai": Configuration(extra_layers=1, critic_learning_rate=1e-4, generator_learning_rate=1e-4),
}


class Block(nn.Module):
    """A convolution, an activation and, with `norm`, a batch norm; the last two in either order."""

    def __init__(self, conv: nn.Module, activation: nn.Module, norm: bool, order: str):
        super().__init__()
        self.conv = conv
        self.bn = nn.BatchNorm2d(conv.out_channels) if norm else None  # eps 1e-5, momentum 0.1
        self.activation = activation
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.bn is None:
            return self.activation(x)
        if self.order == "conv-act-norm":
            return self.bn(self.activation(x))
        return self.activation(self.bn(x))


class Critic(nn.Module):
    """Pictures [n, channels, size, size] -> one scalar, the mean over all of them."""

    def __init__(self, c: Configuration):
        super().__init__()

        def block(in_channels: int, out_channels: int, kernel: int, stride: int, norm: bool = c.critic_norm) -> Block:
            padding = kernel // 2 // stride
            conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
            return Block(conv, nn.LeakyReLU(0.2, inplace=True), norm, c.block_order)

        features, grid = c.critic_features, c.size // 2
        self.initial = block(c.channels, features, 4, 2, norm=False)
        self.extra = nn.Sequential(*[block(features, features, 3, 1) for _ in range(c.extra_layers)])
        pyramid = []
        while grid > 4:
            pyramid.append(block(features, features * 2, 4, 2))
            features, grid = features * 2, grid // 2
        self.pyramid = nn.Sequential(*pyramid)
        self.final = nn.Conv2d(features, 1, 4, 1, 0, bias=False)
        initialise(self, c)

    def scores(self, x: Tensor) -> Tensor:
        return self.final(self.pyramid(self.extra(self.initial(x))))

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(x).mean()


class Generator(nn.Module):
    """Noise [n, latent, 1, 1] -> pictures [n, channels, size, size] in [-1, 1]."""

    def __init__(self, c: Configuration):
        super().__init__()

        def block(conv: nn.Module) -> Block:
            return Block(conv, nn.ReLU(inplace=True), c.generator_norm, c.block_order)

        features, grid = c.generator_features * c.size // 8, 4
        self.initial = block(nn.ConvTranspose2d(c.latent, features, 4, 1, 0, bias=False))
        pyramid = []
        while grid < c.size // 2:
            pyramid.append(block(nn.ConvTranspose2d(features, features // 2, 4, 2, 1, bias=False)))
            features, grid = features // 2, grid * 2
        self.pyramid = nn.Sequential(*pyramid)
        extra = nn.ConvTranspose2d if c.generator_extra == "transposed" else nn.Conv2d
        self.extra = nn.Sequential(
            *[block(extra(features, features, 3, 1, 1, bias=False)) for _ in range(c.extra_layers)])
        self.final = nn.ConvTranspose2d(features, c.channels, 4, 2, 1, bias=False)
        initialise(self, c)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.final(self.extra(self.pyramid(self.initial(z)))))


class MLP(nn.Module):
    """The authors' models/mlp.py: four linear layers over what comes in as a vector; the result in its own shape."""

    def __init__(self, inputs: int, width: int, shape: tuple[int, ...]):
        super().__init__()
        self.shape = shape
        self.main = nn.Sequential(
            nn.Linear(inputs, width), nn.ReLU(inplace=True), nn.Linear(width, width), nn.ReLU(inplace=True),
            nn.Linear(width, width), nn.ReLU(inplace=True), nn.Linear(width, math.prod(shape)))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x.flatten(1)).view(-1, *self.shape)


class MLPCritic(MLP):
    def __init__(self, c: Configuration):
        super().__init__(c.channels * c.size * c.size, c.critic_features, (1,))

    def scores(self, x: Tensor) -> Tensor:
        return super().forward(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(x).mean()


class MLPGenerator(MLP):
    def __init__(self, c: Configuration):
        super().__init__(c.latent, c.generator_features, (c.channels, c.size, c.size))


def make_critic(c: Configuration) -> Critic | MLPCritic:
    return MLPCritic(c) if c.critic_net == "mlp" else Critic(c)


def make_generator(c: Configuration) -> Generator | MLPGenerator:
    return MLPGenerator(c) if c.generator_net == "mlp" else Generator(c)


def initialise(net: nn.Module, c: Configuration) -> None:
    """`pytorch` leaves what the layers' constructors drew; `dcgan` draws anew."""
    if c.initialisation == "pytorch":
        return
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)


def set_trainable(net: nn.Module, trainable: bool) -> None:
    for parameter in net.parameters():
        parameter.requires_grad_(trainable)


# MARK: Augmentation

@dataclass(frozen=True)
class Augmentation:
    """What was drawn for each picture of a batch; None: that isn't changed."""

    brightness: Tensor | None = None
    """[n], in [0, 1), as the next two."""
    saturation: Tensor | None = None
    contrast: Tensor | None = None
    shifts: list[tuple[int, int]] | None = None
    """Rows and columns: (y, x) shows what was at (y + rows, x + columns)."""
    cuts: list[tuple[int, int]] | None = None
    """The first row and column of a square of half the size; they may be outside."""


def augment(x: Tensor, a: Augmentation) -> Tensor:
    """Zhao et al., "Differentiable augmentation for data-efficient GAN training", 2020: DiffAugment_pytorch.py with
    given numbers."""
    def each(values: Tensor) -> Tensor:
        return values.to(x.dtype)[:, None, None, None]

    if a.brightness is not None:
        x = x + (each(a.brightness) - 0.5)
    if a.saturation is not None:
        mean = x.mean(dim=1, keepdim=True)
        x = (x - mean) * (each(a.saturation) * 2) + mean
    if a.contrast is not None:
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) * (each(a.contrast) + 0.5) + mean
    size = x.shape[2]
    if a.shifts is not None:
        room = max(abs(shift) for both in a.shifts for shift in both)
        wide = nn.functional.pad(x, (room, room, room, room))
        x = torch.stack([picture[:, room + rows:room + rows + size, room + columns:room + columns + size]
                         for picture, (rows, columns) in zip(wide, a.shifts, strict=True)])
    if a.cuts is not None:
        mask = torch.ones_like(x[:, :1])
        for picture, (row, column) in zip(mask, a.cuts, strict=True):
            picture[:, max(row, 0):row + size // 2, max(column, 0):column + size // 2] = 0
        x = x * mask
    return x


# MARK: Losses and penalties

def gradient_norms(scores: Tensor, pictures: Tensor) -> Tensor:
    """[n]: the norm of each score's gradient with respect to its own picture, to be differentiated once more.

    Without norms in the critic a score depends on its own picture only, so the sum's gradient has each one's.
    """
    gradient, = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradient.flatten(1).norm(dim=1)


def one_centred(norms: Tensor, weight: float) -> Tensor:
    """Gulrajani et al., "Improved training of Wasserstein GANs", 2017, algorithm 1; the paper's weight is 10."""
    return weight * (norms - 1).square().mean()


def zero_centred(norms: Tensor, weight: float) -> Tensor:
    """R1 at real pictures, R2 at fake ones (Mescheder et al., "Which training methods for GANs do actually converge?",
    2018)."""
    return weight / 2 * norms.square().mean()


def relativistic(lower: Tensor, higher: Tensor) -> Tensor:
    """Scores of pictures in pairs -> the loss that wants the first of each pair lower (Jolicoeur-Martineau, "The
    relativistic discriminator", 2018; Huang et al., "The GAN is dead; long live the GAN!", 2024)."""
    return softplus(lower - higher).mean()


class Trainer:
    """One critic, one generator, their optimizers, and the two steps. Both nets stay in training mode throughout.

    The sign is the WGAN authors': a low score means real. So where papers have D(fake) - D(real), here is the other
    difference; a penalty is the same for both signs.
    """

    def __init__(self, c: Configuration):
        self.configuration = c
        self.critic = make_critic(c).train()
        self.generator = make_generator(c).train()
        self.measured: dict[str, Tensor] = {}
        """What the last critic step measured besides its losses: the weighted penalty, and mean and standard deviation
        of the gradients' norms over all pictures that they were taken at."""
        self.last_real: Tensor | None = None
        self.augmentation: Callable[[str, int, int], Augmentation] | None = None
        """Of a sight ("critic-real", "critic-fake", "generator-real", "generator-fake"), how many such steps were done
        before, and the number of pictures. None: the critic sees pictures as they are."""
        self.make_optimizers()

    def make_optimizers(self) -> None:
        """Anew, with empty state, and the average from here on: needed again after the nets' parameters were replaced.
        """
        self.critic_optimizer = self.make_optimizer(self.critic, self.configuration.critic_learning_rate)
        self.generator_optimizer = self.make_optimizer(self.generator, self.configuration.generator_learning_rate)
        self.critic_steps = self.generator_steps = 0
        self.generator_ema = copy.deepcopy(self.generator) if self.configuration.ema else None

    def make_optimizer(self, net: nn.Module, rate: float) -> torch.optim.Optimizer:
        c = self.configuration
        if c.optimizer == "adam":
            return torch.optim.Adam(net.parameters(), lr=rate, betas=(c.adam_beta1, c.adam_beta2), eps=1e-8)
        # v = .99 v + .01 g^2; parameter -= rate * g / (sqrt(v) + 1e-8). No momentum, not centred.
        return torch.optim.RMSprop(net.parameters(), lr=rate, alpha=0.99, eps=1e-8)

    def clip(self) -> None:
        """Every parameter of the critic, batch norm's gamma and beta too; never its running statistics."""
        c = self.configuration
        for parameter in self.critic.parameters():
            parameter.data.clamp_(c.clip_lower, c.clip_upper)

    def critic_step(self, real: Tensor, noise: Tensor, interpolation: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Real pictures [n, channels, size, size] in [-1, 1] and noise [n, latent, 1, 1] -> real loss, fake loss: the
        means of the critic's scores. `interpolation`, wgan-gp's alone: [n], the real picture's share of each mixture.
        """
        set_trainable(self.critic, True)
        set_trainable(self.generator, False)
        self.last_real = real
        if self.configuration.objective == "wgan":
            losses = self.clipped_step(real, noise)
        else:
            losses = self.penalised_step(real, noise, interpolation)
        self.critic_steps += 1
        return losses

    def seen(self, pictures: Tensor, sight: str) -> Tensor:
        """As the critic sees them."""
        if self.augmentation is None:
            return pictures
        step = self.critic_steps if sight.startswith("critic") else self.generator_steps
        return augment(pictures, self.augmentation(sight, step, len(pictures)))

    def clipped_step(self, real: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Three forward passes, each a batch of its own to batch norm, and each moves running statistics: the critic's
        over the real pictures, the generator's, the critic's over the fake ones.
        """
        if self.configuration.clip_time == "before-step":
            self.clip()
        real_loss = self.critic(self.seen(real, "critic-real"))
        fake_loss = self.critic(self.seen(self.generator(noise).detach(), "critic-fake"))
        self.critic_update(real_loss - fake_loss)
        if self.configuration.clip_time == "after-update":
            self.clip()
        return real_loss.detach(), fake_loss.detach()

    def penalised_step(self, real: Tensor, noise: Tensor, interpolation: Tensor | None) -> tuple[Tensor, Tensor]:
        """wgan-gp takes its penalty between real and fake pictures, the others at these themselves.

        More fake pictures than real ones (an epoch's tail): the others leave those without a partner out, and wgan-gp
        has them in its loss. Augmented pictures are those that the critic sees: penalties are taken there.
        """
        real = self.seen(real, "critic-real")
        fake = self.seen(self.generator(noise).detach(), "critic-fake")
        pairs = min(len(real), len(fake))
        if self.configuration.objective == "wgan-gp":
            share = interpolation[:pairs, None, None, None]
            between = (share * real[:pairs] + (1 - share) * fake[:pairs]).requires_grad_()
            real_scores, fake_scores = self.critic.scores(real), self.critic.scores(fake)
            norms = [gradient_norms(self.critic.scores(between), between)]
        else:
            real, fake = real[:pairs].detach().requires_grad_(), fake[:pairs].requires_grad_()
            real_scores, fake_scores = self.critic.scores(real), self.critic.scores(fake)
            norms = [gradient_norms(real_scores, real), gradient_norms(fake_scores, fake)]
        penalty = self.penalty(norms)
        self.critic_update(self.critic_loss(real_scores, fake_scores) + penalty)
        all_norms = torch.cat(norms).detach()
        self.measured = {"penalty": penalty.detach(), "gradient_norm": all_norms.mean(),
                         "gradient_norm_spread": all_norms.std(unbiased=False)}
        return real_scores.mean().detach(), fake_scores.mean().detach()

    def critic_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        if self.configuration.objective == "relativistic":
            return relativistic(real_scores, fake_scores)
        return real_scores.mean() - fake_scores.mean()

    def penalty(self, norms: list[Tensor]) -> Tensor:
        """Of the gradients' norms at each batch that they were taken at."""
        weight = self.configuration.penalty_weight
        if self.configuration.objective == "wgan-gp":
            return one_centred(norms[0], weight)
        return zero_centred(norms[0], weight) + zero_centred(norms[1], weight)

    def critic_update(self, loss: Tensor) -> None:
        self.critic.zero_grad()
        loss.backward(inputs=list(self.critic.parameters()))  # And not those of pictures.
        self.critic_optimizer.step()

    def generator_step(self, noise: Tensor) -> Tensor:
        """Noise [n, latent, 1, 1] -> generator loss. Moves the running statistics of both nets.

        Of the relativistic objective: beside the real pictures of the last critic step, in their order. All noise goes
        through the generator, a batch to its norms; where the real pictures are fewer, the last ones aren't judged.
        """
        set_trainable(self.critic, False)
        set_trainable(self.generator, True)
        self.generator.zero_grad()
        if self.configuration.objective == "relativistic":
            pairs = min(len(self.last_real), len(noise))
            with torch.no_grad():
                real_scores = self.critic.scores(self.seen(self.last_real[:pairs], "generator-real"))
            loss = relativistic(
                self.critic.scores(self.seen(self.generator(noise), "generator-fake")[:pairs]), real_scores)
        else:
            loss = self.critic(self.seen(self.generator(noise), "generator-fake"))
        loss.backward()
        self.generator_optimizer.step()
        self.average()
        return loss.detach()

    def average(self) -> None:
        """The averaged generator follows, running statistics too."""
        self.generator_steps += 1
        if self.generator_ema is None:
            return
        beta = self.ema_beta(self.generator_steps)
        live = self.generator.state_dict()
        for name, mean in self.generator_ema.state_dict().items():
            if mean.is_floating_point():
                mean.copy_(beta * mean + (1 - beta) * live[name])

    def ema_beta(self, step: int) -> float:
        """Of generator step `step`, from 1. At first the average is younger than `ema` alone would make it."""
        return min(self.configuration.ema, (1 + step) / (10 + step))


def parameter_count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def check_parameter_counts() -> None:
    """The counts computed by hand for 64x64, features 64: critic and generator without and with one extra layer."""
    for extra_layers, critic, generator in ((0, 2_765_568, 3_576_704), (1, 2_802_560, 3_613_696)):
        c = Configuration(extra_layers=extra_layers)
        counts = parameter_count(Critic(c)), parameter_count(Generator(c))
        assert counts == (critic, generator), f"E = {extra_layers}: {counts}, not {(critic, generator)}"
        print(f"E = {extra_layers}: critic {counts[0]:,}, generator {counts[1]:,} parameters: as they should be")


if __name__ == "__main__":
    check_parameter_counts()
