import Randomness
import ReferenceKernels

/// Seeded test data.
struct RandomTensors {
  private var stream: RandomStream

  init(seed: UInt64) { stream = RandomStream(seed: seed, purpose: .test) }

  /// Uniform in [low, high).
  mutating func uniform(_ shape: [Int], _ low: Double = -1, _ high: Double = 1) -> ReferenceTensor {
    var tensor = ReferenceTensor(shape: shape)
    for i in tensor.values.indices { tensor.values[i] = low + (high - low) * stream.uniformDouble() }
    return tensor
  }

  mutating func below(_ bound: Int) -> Int { stream.below(bound) }

  /// A net whose weights make its layers' values of size 1 or so, so that no gradient drowns.
  mutating func randomised(_ network: ReferenceNetwork) -> ReferenceNetwork {
    var network = network
    for (name, shape) in network.parameterShapes {
      switch (shape.count, name.hasSuffix(".bias")) {
      case (1, true): network[name] = uniform(shape, -0.5, 0.5)
      case (1, false): network[name] = uniform(shape, 0.5, 1.5)
      default:
        let reach = (3 / Double(shape[1] * shape[2] * shape[3])).squareRoot()
        network[name] = uniform(shape, -reach, reach)
      }
    }
    return network
  }
}

/// The largest |a_i - b_i|.
func distance(_ a: ReferenceTensor, _ b: ReferenceTensor) -> Double {
  a.combined(with: b) { abs($0 - $1) }.values.max() ?? 0
}
