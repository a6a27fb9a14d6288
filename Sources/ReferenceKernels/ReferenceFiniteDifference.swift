// Gradients without a derivative: what the tests hold every backward pass against.

package enum ReferenceFiniteDifference {
  /// df/dx_i = (f(x + h e_i) - f(x - h e_i)) / 2h, for the given i. Its error is about h^2 |f'''| / 6 + |f| 2^-52 / h:
  /// in Double with h = 1e-5 some 1e-10 for functions of size 1, unless the interval holds a corner (a ReLU's 0).
  package static func partial(
    _ f: (ReferenceTensor) -> Double, at x: ReferenceTensor, index i: Int, step h: Double = 1e-5
  ) -> Double {
    var up = x
    var down = x
    up.values[i] += h
    down.values[i] -= h
    return (f(up) - f(down)) / (up.values[i] - down.values[i])
  }

  /// All partial derivatives.
  package static func gradient(
    _ f: (ReferenceTensor) -> Double, at x: ReferenceTensor, step h: Double = 1e-5
  ) -> ReferenceTensor {
    ReferenceTensor(shape: x.shape, values: x.values.indices.map { partial(f, at: x, index: $0, step: h) })
  }
}
