// Named tensors that belong together: a state of training, a net, what a file holds.

import SystemSupport

/// Tensors by name, in their order. What stands before a name's first dot is its *group*: "generator.final.weight" is
/// in the group "generator".
package struct TensorSet: Sendable {
  private var tensors: [NamedTensor] = []
  private var places: [String: Int] = [:]

  /// Of two with one name the first counts.
  package init(_ tensors: some Sequence<NamedTensor>) {
    for tensor in tensors { append(tensor) }
  }

  package mutating func append(_ tensor: NamedTensor) {
    if places[tensor.name] != nil { return }
    places[tensor.name] = tensors.count
    tensors.append(tensor)
  }

  package subscript(name: String) -> NamedTensor? { places[name].map { tensors[$0] } }

  /// The tensor of that name, for a place of that shape.
  ///
  /// - Throws: `Failure(.badData)` where it is missing, has another shape, or a number that isn't finite.
  package func checked(_ name: String, shape: [Int]) throws(Failure) -> NamedTensor {
    guard let tensor = self[name] else { throw Failure(.badData, "tensor \(name) is missing") }
    guard tensor.shape == shape, tensor.values.count == shape.reduce(1, *) else {
      throw Failure(.badData, "tensor \(name) has shape \(tensor.shape), this net's has \(shape)")
    }
    if let problem = tensor.nonFinite { throw Failure(.badData, problem + Self.nonFiniteAdvice) }
    return tensor
  }

  /// Nothing that isn't finite is let in, or written.
  ///
  /// - Throws: `Failure`, naming the first tensor that isn't, and the file.
  package func refuseNonFinite(_ path: String, as kind: FailureKind = .badData) throws(Failure) {
    for tensor in self {
      if let problem = tensor.nonFinite { throw Failure(kind, path, problem + Self.nonFiniteAdvice) }
    }
  }

  private static let nonFiniteAdvice = ", and a net that works has finite numbers only"

  /// Whether the tensor of this name is in one of `groups`; nil: in any.
  package static func isName(_ name: String, in groups: [String]?) -> Bool {
    guard let groups else { return true }
    let group = name.prefix { $0 != "." }
    return groups.contains { $0 == group }
  }
}

extension TensorSet: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { tensors.count }
  package subscript(place: Int) -> NamedTensor { tensors[place] }
}

extension TensorSet: Equatable {
  package static func == (a: TensorSet, b: TensorSet) -> Bool { a.tensors == b.tensors }
}

extension TensorSet: ExpressibleByArrayLiteral {
  package init(arrayLiteral tensors: NamedTensor...) { self.init(tensors) }
}
