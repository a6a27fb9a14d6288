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
}
