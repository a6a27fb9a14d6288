"""A WGAN run in PyTorch: the nets and the two steps, as the blog post (preset `seed`) has them.

This is the definition that the golden test is made from (Tests/WGANTests/Golden) and the work that step.py times. It
is written to be compared with the post line by line, and takes the same work per step as it. What differs between the
references (block order, when to clip, initialisation, the generator's extra layers) is a field of `Configuration`.

Run it to check the parameter counts: python3 wgan_reference.py
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Configuration:
    """What the nets and steps depend on. The defaults are the preset `seed`; the strings are those of config.json."""

    size: int = 64
    channels: int = 3
    features: int = 64
    latent: int = 100
    extra_layers: int = 0
    block_order: str = "conv-act-norm"  # or "conv-norm-act", the authors'
    generator_extra: str = "transposed"  # or "plain", the authors'
    initialisation: str = "pytorch"  # or "dcgan", the authors'
    batch_size: int = 64
    critic_steps: int = 5
    clip: float = 0.01
    clip_time: str = "before-step"  # or "after-update", the paper's
    learning_rate: float = 5e-5

    def __post_init__(self):
        # 4 * 2^k from 16 up: with any other size the post's loops never reach 4.
        if self.size < 16 or self.size & (self.size - 1):
            raise ValueError(f"size {self.size} isn't a power of two from 16 up")
        allowed = {
            "block_order": ("conv-act-norm", "conv-norm-act"),
            "generator_extra": ("transposed", "plain"),
            "initialisation": ("pytorch", "dcgan"),
            "clip_time": ("before-step", "after-update"),
        }
        for field, values in allowed.items():
            if getattr(self, field) not in values:
                raise ValueError(f"{field} is {getattr(self, field)!r}, not one of {', '.join(values)}")


class Block(nn.Module):
    """A convolution, an activation and (but for the critic's first) a batch norm; the last two in either order."""

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

        def block(in_channels: int, out_channels: int, kernel: int, stride: int, norm: bool = True) -> Block:
            padding = kernel // 2 // stride
            conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
            return Block(conv, nn.LeakyReLU(0.2, inplace=True), norm, c.block_order)

        features, grid = c.features, c.size // 2
        self.initial = block(c.channels, features, 4, 2, norm=False)
        self.extra = nn.Sequential(*[block(features, features, 3, 1) for _ in range(c.extra_layers)])
        pyramid = []
        while grid > 4:
            pyramid.append(block(features, features * 2, 4, 2))
            features, grid = features * 2, grid // 2
        self.pyramid = nn.Sequential(*pyramid)
        self.final = nn.Conv2d(features, 1, 4, 1, 0, bias=False)
        initialise(self, c)

    def forward(self, x: Tensor) -> Tensor:
        return self.final(self.pyramid(self.extra(self.initial(x)))).mean()


class Generator(nn.Module):
    """Noise [n, latent, 1, 1] -> pictures [n, channels, size, size] in [-1, 1]."""

    def __init__(self, c: Configuration):
        super().__init__()

        def block(conv: nn.Module) -> Block:
            return Block(conv, nn.ReLU(inplace=True), True, c.block_order)

        features, grid = c.features * c.size // 8, 4
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


class Trainer:
    """One critic, one generator, their optimizers, and the two steps. Both nets stay in training mode throughout."""

    def __init__(self, c: Configuration):
        self.configuration = c
        self.critic = Critic(c).train()
        self.generator = Generator(c).train()
        self.make_optimizers()

    def make_optimizers(self) -> None:
        """Anew, with empty state: needed again after the nets' parameters were replaced."""
        # v = .99 v + .01 g^2; parameter -= rate * g / (sqrt(v) + 1e-8). No momentum, not centred.
        rate = self.configuration.learning_rate
        self.critic_optimizer = torch.optim.RMSprop(self.critic.parameters(), lr=rate, alpha=0.99, eps=1e-8)
        self.generator_optimizer = torch.optim.RMSprop(self.generator.parameters(), lr=rate, alpha=0.99, eps=1e-8)

    def clip(self) -> None:
        """Every parameter of the critic, batch norm's gamma and beta too; never its running statistics."""
        bound = self.configuration.clip
        for parameter in self.critic.parameters():
            parameter.data.clamp_(-bound, bound)

    def critic_step(self, real: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Real pictures [n, channels, size, size] in [-1, 1] and noise [n, latent, 1, 1] -> real loss, fake loss.

        Three forward passes, each a batch of its own to batch norm, and each moves running statistics: the critic's
        over the real pictures, the generator's, the critic's over the fake ones.
        """
        set_trainable(self.critic, True)
        set_trainable(self.generator, False)
        if self.configuration.clip_time == "before-step":
            self.clip()
        real_loss = self.critic(real)
        fake_loss = self.critic(self.generator(noise).detach())
        self.critic.zero_grad()
        (real_loss - fake_loss).backward()
        self.critic_optimizer.step()
        if self.configuration.clip_time == "after-update":
            self.clip()
        return real_loss.detach(), fake_loss.detach()

    def generator_step(self, noise: Tensor) -> Tensor:
        """Noise [n, latent, 1, 1] -> generator loss. Moves the running statistics of both nets."""
        set_trainable(self.critic, False)
        set_trainable(self.generator, True)
        self.generator.zero_grad()
        loss = self.critic(self.generator(noise))
        loss.backward()
        self.generator_optimizer.step()
        return loss.detach()


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
