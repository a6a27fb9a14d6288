// Which pictures are in, and in what order: pure functions of a seed.

import Randomness
import SystemSupport

package enum Selection {
  /// Whether the picture `name` is among a `share` (0...1) of all. It depends on the name alone, not on its neighbours:
  /// adding files doesn't move the others.
  package static func includes(_ name: FilePath, share: Double, seed: UInt64, purpose: RandomPurpose) -> Bool {
    let hash = Checksum.of(name.bytes)
    var random = RandomStream(seed: seed, purpose: purpose, step: Int(hash >> 8), index: Int(hash & 0xFF))
    return random.uniformDouble() < share
  }

  /// The order of an epoch: a permutation that depends on seed and epoch alone (Fisher and Yates).
  package static func shuffled(_ numbers: [UInt32], seed: UInt64, epoch: Int) -> [UInt32] {
    var random = RandomStream(seed: seed, purpose: .shuffle, step: epoch)
    var numbers = numbers
    for i in numbers.indices.dropFirst().reversed() {
      numbers.swapAt(i, random.below(i + 1))
    }
    return numbers
  }
}
