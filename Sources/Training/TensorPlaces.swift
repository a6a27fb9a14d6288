// Where a state's tensors lie in memory: what turns slabs into named tensors and back.

import Compute
import Graph
import SystemSupport
import TensorFiles

/// Tensors by name, each with its parameter and the slab that holds its values.
package struct TensorPlaces {
  private struct Place {
    let name: String
    let parameter: Parameter
    let slab: Slice
  }
  private var places: [Place] = []

  package init() {}

  /// - Parameter slab: laid out as `parameters` say.
  mutating func add(_ parameters: [Parameter], in slab: Slice, group: String) {
    places += parameters.map { Place(name: "\(group).\($0.name)", parameter: $0, slab: slab) }
  }

  mutating func add(_ others: TensorPlaces) { places += others.places }

  /// Those of `groups`; nil: all.
  func inGroups(_ groups: [String]?) -> TensorPlaces {
    var some = TensorPlaces()
    some.places = places.filter { TensorSet.isName($0.name, in: groups) }
    return some
  }

  /// The values, in PyTorch's layouts.
  package var tensors: TensorSet { TensorSet(places.lazy.map(Self.tensor)) }

  private static func tensor(at place: Place) -> NamedTensor {
    NamedTensor(
      name: place.name, shape: place.parameter.shape, values: place.parameter.values(in: place.slab))
  }

  /// The first tensor with a number that isn't finite, in words: "tensor critic.final.weight has nan".
  var nonFinite: String? { places.lazy.compactMap { Self.tensor(at: $0).nonFinite }.first }

  /// Sets every value. Where a tensor is missing, has another shape or isn't finite, nothing is set.
  ///
  /// - Throws: `Failure(.badData)`, naming the tensor.
  package func set(from tensors: TensorSet) throws(Failure) {
    var checked: [NamedTensor] = []
    for place in places { checked.append(try tensors.checked(place.name, shape: place.parameter.shape)) }
    for (place, tensor) in zip(places, checked) { place.parameter.set(tensor.values, in: place.slab) }
  }
}

extension Executor {
  /// The net's parameters and running statistics, as "group.initial.conv.weight".
  package func places(group: String) -> TensorPlaces {
    var places = TensorPlaces()
    places.add(plan.parameters.parameters, in: parameters, group: group)
    places.add(plan.parameters.buffers, in: buffers, group: group)
    return places
  }
}

extension ParameterTable {
  /// A net's tensors out of a larger set, checked before anything of their size is allocated.
  ///
  /// - Returns: them under the net's own names, without the group's.
  /// - Throws: `Failure(.badData)`, naming the tensor that is missing or has another shape.
  package func tensors(of group: String, in set: TensorSet) throws(Failure) -> TensorSet {
    var found = TensorSet([])
    for parameter in all {
      var tensor = try set.checked("\(group).\(parameter.name)", shape: parameter.shape)
      tensor.name = parameter.name
      found.append(tensor)
    }
    return found
  }
}
