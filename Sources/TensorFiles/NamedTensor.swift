// A tensor as files know it: a name, a shape and numbers.

/// A tensor by its PyTorch name, in PyTorch's layout (row-major; OIHW for convolutions, IOHW for transposed ones).
package struct NamedTensor: Sendable, Equatable {
  package var name: String
  package var shape: [Int]
  package var values: [Float]

  package init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// What isn't finite in it, in words: "tensor critic.final.weight has nan"; nil where all is.
  package var nonFinite: String? {
    // First without a branch for each number: no exponent of a finite one is all ones.
    var greatest: UInt32 = 0
    for value in values { greatest = max(greatest, value.bitPattern & 0x7fff_ffff) }
    guard greatest >= Float.infinity.bitPattern, let first = values.first(where: { !$0.isFinite }) else { return nil }
    return "tensor \(name) has \(first.isNaN ? "nan" : "\(first)")"
  }
}
