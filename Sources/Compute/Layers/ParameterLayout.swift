// One parameter of a layer or a norm: its name, what it is, and how its values lie in memory.

package struct ParameterLayout: Sendable {
  package enum Kind: Hashable, Sendable {
    case convolutionWeight
    case transposedConvolutionWeight
    case linearWeight
    /// - Parameter fanIn: the values that each output of the layer sums.
    case bias(fanIn: Int)
    case gamma
    case beta
    case runningMean
    case runningVariance

    /// Kept and saved as parameters are, but not learned.
    package var isBuffer: Bool {
      switch self {
      case .runningMean, .runningVariance: true
      case .convolutionWeight, .transposedConvolutionWeight, .linearWeight, .bias, .gamma, .beta: false
      }
    }
  }

  /// As in PyTorch, behind the layer's name and a dot: "weight".
  package let name: String
  package let kind: Kind
  /// As in PyTorch: a convolution's weight (out, in, kh, kw), a transposed one's (in, out, kh, kw); a linear layer's
  /// (out, in), and its bias (out); a norm's (channels).
  package let shape: [Int]
  /// Floats in memory, with the unused lanes of blocks.
  package let count: Int
  private let read: @Sendable (Slice) -> [Float]
  private let write: @Sendable (Slice, [Float]) -> Void

  /// - Parameters:
  ///   - read: the values of `count` Floats in PyTorch's order.
  ///   - write: sets `count` Floats from values in PyTorch's order, the unused lanes to zero.
  package init(
    name: String, kind: Kind, shape: [Int], count: Int, read: @escaping @Sendable (Slice) -> [Float],
    write: @escaping @Sendable (Slice, [Float]) -> Void
  ) {
    self.name = name
    self.kind = kind
    self.shape = shape
    self.count = count
    self.read = read
    self.write = write
  }

  /// Values that lie in their order, the unused lanes behind them.
  package init(name: String, kind: Kind, channels: Int, count: Int) {
    self.init(
      name: name, kind: kind, shape: [channels], count: count,
      read: { Array($0.array[..<channels]) },
      write: { $0.copy(from: $1 + [Float](repeating: 0, count: count - $1.count)) })
  }

  /// The values that PyTorch has.
  package var valueCount: Int { shape.reduce(1, *) }

  package func values(of slice: Slice) -> [Float] {
    precondition(slice.count == count)
    return read(slice)
  }

  package func set(_ slice: Slice, to values: [Float]) {
    precondition(slice.count == count && values.count == valueCount)
    write(slice, values)
  }
}
