// The mean over everything: the critic's verdict on a batch is the mean of its final layer, one scalar.

package enum ReferenceMean {
  /// sum(source) / count: a tensor without dimensions.
  package static func forward(_ source: ReferenceTensor) -> ReferenceTensor {
    ReferenceTensor(shape: [], values: [source.values.reduce(0, +) / Double(source.count)])
  }

  /// Every value's share: diffSource[i] = diffDestination / count.
  package static func backward(shape: [Int], diffDestination: ReferenceTensor) -> ReferenceTensor {
    precondition(diffDestination.count == 1)
    let count = shape.reduce(1, *)
    return ReferenceTensor(shape: shape, repeating: diffDestination.values[0] / Double(count))
  }
}
