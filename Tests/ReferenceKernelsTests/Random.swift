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

  mutating func randomised(_ network: ReferenceNetwork) -> ReferenceNetwork {
    network.randomised { stream.uniformDouble() }
  }
}

/// The largest |a_i - b_i|.
func distance(_ a: ReferenceTensor, _ b: ReferenceTensor) -> Double {
  a.combined(with: b) { abs($0 - $1) }.values.max() ?? 0
}
