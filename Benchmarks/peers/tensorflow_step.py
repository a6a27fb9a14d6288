"""compare.py's worker: training steps in TensorFlow (oneDNN), as graphs, in several variants.

    python3 tensorflow_step.py 2    # threads
"""

import os
from types import SimpleNamespace

import framework_steps as nets

nets.hold_to(nets.threads_argument())
os.environ |= {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(nets.threads_argument())
tf.config.threading.set_inter_op_parallelism_threads(1)
PADDING = [[0, 0], [1, 1], [1, 1], [0, 0]]


def norm(x, gamma, beta):
    # Its variance is the unbiased one, as running statistics want it.
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=nets.NORM_EPSILON, is_training=True)
    return y, tf.stop_gradient(mean), tf.stop_gradient(variance)


def operations(precision: str) -> SimpleNamespace:
    """In NHWC, the layout of TensorFlow's processors' kernels."""
    kind = tf.bfloat16 if precision == "bf16" else tf.float32

    def cast(*tensors):
        return [tf.cast(t, kind) for t in tensors]

    def halve(x, w):
        return tf.cast(tf.nn.conv2d(*cast(x, w), 2, PADDING), tf.float32)

    def double(x, w):
        n, height, width, _ = x.shape
        # Its weights are [ky, kx, output, input].
        y = tf.nn.conv2d_transpose(
            *cast(x, tf.transpose(w, (0, 1, 3, 2))), (n, 2 * height, 2 * width, w.shape[3]), 2, PADDING)
        return tf.cast(y, tf.float32)

    def to_pixel(x, w):
        a, b = cast(tf.reshape(x, (x.shape[0], -1)), tf.reshape(w, (-1, w.shape[3])))
        return tf.cast(a @ b, tf.float32)

    def from_pixel(z, w):
        a, b = cast(z, tf.reshape(tf.transpose(w, (2, 0, 1, 3)), (z.shape[1], -1)))
        return tf.reshape(tf.cast(a @ b, tf.float32), (z.shape[0], w.shape[0], w.shape[1], w.shape[3]))

    return SimpleNamespace(
        halve=halve, double=double, to_pixel=to_pixel, from_pixel=from_pixel, norm=norm, tanh=tf.tanh,
        relu=tf.nn.relu, leaky=lambda x: tf.nn.leaky_relu(x, 0.2), mean=tf.reduce_mean)


class Steps:
    def __init__(self, precision: str, variant: str, path: str):
        ops = operations(precision)
        critic, generator, real, noise = nets.read(path)
        self.real, self.noise = tf.constant(real), tf.constant(noise)
        critic, generator = ({name: tf.Variable(value) for name, value in p.items()} for p in (critic, generator))
        squares = {id(v): tf.Variable(tf.zeros_like(v)) for p in (critic, generator) for v in nets.trained(p).values()}

        def update(p: dict, gradients: list) -> None:
            for v, g in zip(nets.trained(p).values(), gradients, strict=True):
                square = squares[id(v)]
                square.assign(nets.DECAY * square + (1 - nets.DECAY) * tf.square(g))
                v.assign_sub(nets.RATE * g / (tf.sqrt(square) + nets.EPSILON))

        def move(p: dict, moved: dict) -> None:
            for name, value in moved.items():
                p[name].assign(value)

        def critic_step(real, noise):
            for v in nets.trained(critic).values():
                v.assign(tf.clip_by_value(v, -nets.CLIP, nets.CLIP))
            fake, moved = nets.generator(ops, generator, noise)
            move(generator, moved)
            with tf.GradientTape() as tape:
                real_loss, moved = nets.critic(ops, critic, real)
                move(critic, moved)
                fake_loss, moved = nets.critic(ops, critic, tf.stop_gradient(fake))
                move(critic, moved)
                loss = real_loss - fake_loss
            update(critic, tape.gradient(loss, list(nets.trained(critic).values())))
            return real_loss, fake_loss

        def generator_step(noise):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(list(nets.trained(generator).values()))
                fake, moved = nets.generator(ops, generator, noise)
                move(generator, moved)
                loss, moved = nets.critic(ops, critic, fake)
                move(critic, moved)
            update(generator, tape.gradient(loss, list(nets.trained(generator).values())))
            return loss

        xla = variant == "xla"
        self.compiled_critic_step = tf.function(critic_step, jit_compile=xla)
        self.compiled_generator_step = tf.function(generator_step, jit_compile=xla)

    def critic_step(self) -> tuple:
        return [loss.numpy() for loss in self.compiled_critic_step(self.real, self.noise)]

    def generator_step(self):
        return self.compiled_generator_step(self.noise).numpy()


if __name__ == "__main__":
    # As graphs, bf16 takes ten times as long as fp32: those kernels aren't oneDNN's.
    nets.serve_steps(tf.__version__, {"fp32": ["graph", "xla"], "bf16": ["xla"]}, Steps)
