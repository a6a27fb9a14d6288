"""compare.py's worker: training steps in JAX (XLA on the CPU), compiled as a whole, in several variants.

    python3 jax_step.py 2    # threads
"""

from types import SimpleNamespace

import framework_steps as nets

nets.hold_to(nets.threads_argument())

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_platforms", "cpu")
NHWC = ("NHWC", "HWIO", "NHWC")


def norm(x, gamma, beta):
    mean = x.mean((0, 1, 2))
    variance = jnp.square(x - mean).mean((0, 1, 2))
    count = x.shape[0] * x.shape[1] * x.shape[2]
    y = (x - mean) * (gamma * lax.rsqrt(variance + nets.NORM_EPSILON)) + beta
    return y, lax.stop_gradient(mean), lax.stop_gradient(variance) * (count / (count - 1))


def operations(precision: str, variant: str) -> SimpleNamespace:
    kind = jnp.bfloat16 if precision == "bf16" else jnp.float32

    def product(a, b):
        return jnp.matmul(a.astype(kind), b.astype(kind)).astype(jnp.float32)

    def rows(x):
        return x.reshape(-1, x.shape[-1])

    def to_pixel(x, w):
        return product(x.reshape(x.shape[0], -1), w.reshape(-1, w.shape[3]))

    def from_pixel(z, w):
        flat = product(z, w.transpose(2, 0, 1, 3).reshape(z.shape[1], -1))
        return flat.reshape(z.shape[0], w.shape[0], w.shape[1], w.shape[3])

    # 4x4 kernels at stride 2: as XLA's convolutions ...
    def convolution_halve(x, w):
        y = lax.conv_general_dilated(x.astype(kind), w.astype(kind), (2, 2), [(1, 1), (1, 1)], dimension_numbers=NHWC)
        return y.astype(jnp.float32)

    def convolution_double(x, w):
        y = lax.conv_general_dilated(x.astype(kind), w[::-1, ::-1].astype(kind), (1, 1), [(2, 2), (2, 2)],
                                     lhs_dilation=(2, 2), dimension_numbers=NHWC)
        return y.astype(jnp.float32)

    # ... or as products of matrices, whose gradients are such products too.
    def product_halve(x, w):
        n, height, width, _ = x.shape
        padded = jnp.pad(x.astype(kind), ((0, 0), (1, 1), (1, 1), (0, 0)))
        taps = [padded[:, ky:ky + height:2, kx:kx + width:2] for ky in range(4) for kx in range(4)]
        y = product(rows(jnp.concatenate(taps, -1)), w.reshape(-1, w.shape[3]))
        return y.reshape(n, height // 2, width // 2, -1)

    def product_double(x, w):
        n, height, width, _ = x.shape
        padded = jnp.pad(x.astype(kind), ((0, 0), (1, 1), (1, 1), (0, 0)))

        def phase(py: int, px: int):
            # Of the result's pixels (2y + py, 2x + px): two of the kernel's rows and columns reach them.
            kernel, taps = [], []
            for dy in range(2):
                for dx in range(2):
                    taps.append(padded[:, py + dy:py + dy + height, px + dx:px + dx + width])
                    kernel.append(w[3 - py - 2 * dy, 3 - px - 2 * dx])
            return product(rows(jnp.concatenate(taps, -1)), jnp.concatenate(kernel)).reshape(n, height, width, -1)

        both = [jnp.stack([phase(py, 0), phase(py, 1)], 3) for py in range(2)]
        return jnp.stack(both, 2).reshape(n, 2 * height, 2 * width, -1)

    halve, double = {"convolutions": (convolution_halve, convolution_double),
                     "products": (product_halve, product_double)}[variant]
    return SimpleNamespace(
        halve=halve, double=double, to_pixel=to_pixel, from_pixel=from_pixel, norm=norm, tanh=jnp.tanh,
        relu=jax.nn.relu, leaky=lambda x: jax.nn.leaky_relu(x, 0.2), mean=jnp.mean)


def updated(p: dict, squares: dict, gradients: dict, moved: dict) -> tuple[dict, dict]:
    squares = {name: nets.DECAY * squares[name] + (1 - nets.DECAY) * jnp.square(g) for name, g in gradients.items()}
    return p | moved | {
        name: p[name] - nets.RATE * g / (jnp.sqrt(squares[name]) + nets.EPSILON) for name, g in gradients.items()
    }, squares


class Steps:
    def __init__(self, precision: str, variant: str, path: str):
        ops = operations(precision, variant)
        critic, generator, self.real, self.noise = jax.device_put(nets.read(path))
        zeros = [{name: jnp.zeros_like(value) for name, value in nets.trained(p).items()} for p in (critic, generator)]
        self.critic, self.generator, (self.critic_squares, self.generator_squares) = critic, generator, zeros

        def critic_step(critic, generator, squares, real, noise):
            critic |= {name: jnp.clip(v, -nets.CLIP, nets.CLIP) for name, v in nets.trained(critic).items()}
            fake, of_generator = nets.generator(ops, generator, noise)

            def loss(parameters):
                real_loss, first = nets.critic(ops, critic | parameters, real)
                fake_loss, second = nets.critic(ops, critic | parameters | first, lax.stop_gradient(fake))
                return real_loss - fake_loss, (real_loss, fake_loss, second)

            gradients, (real_loss, fake_loss, moved) = jax.grad(loss, has_aux=True)(nets.trained(critic))
            critic, squares = updated(critic, squares, gradients, moved)
            return critic, generator | of_generator, squares, (real_loss, fake_loss)

        def generator_step(critic, generator, squares, noise):
            def loss(parameters):
                fake, of_generator = nets.generator(ops, generator | parameters, noise)
                value, of_critic = nets.critic(ops, critic, fake)
                return value, (value, of_generator, of_critic)

            gradients, (value, of_generator, of_critic) = jax.grad(loss, has_aux=True)(nets.trained(generator))
            generator, squares = updated(generator, squares, gradients, of_generator)
            return critic | of_critic, generator, squares, value

        self.compiled_critic_step = jax.jit(critic_step, donate_argnums=(0, 1, 2))
        self.compiled_generator_step = jax.jit(generator_step, donate_argnums=(0, 1, 2))

    def critic_step(self) -> tuple:
        self.critic, self.generator, self.critic_squares, losses = jax.block_until_ready(self.compiled_critic_step(
            self.critic, self.generator, self.critic_squares, self.real, self.noise))
        return losses

    def generator_step(self):
        self.critic, self.generator, self.generator_squares, loss = jax.block_until_ready(
            self.compiled_generator_step(self.critic, self.generator, self.generator_squares, self.noise))
        return loss


if __name__ == "__main__":
    nets.serve_steps(jax.__version__, {"fp32": ["products", "convolutions"], "bf16": ["products"]}, Steps)
