// A net's parameters by name: where each lies in its slab, and its values in PyTorch's layout.

import Compute

/// A parameter or a buffer of a net.
package struct Parameter: Sendable {
  /// As in PyTorch's state_dict: "pyramid.0.bn.running_mean".
  package let name: String
  private let layout: ParameterLayout
  /// Floats of the slab, counted with the unused lanes of blocks.
  package let range: Range<Int>

  init(name: String, layout: ParameterLayout, range: Range<Int>) {
    self.name = name
    self.layout = layout
    self.range = range
  }

  package var kind: ParameterLayout.Kind { layout.kind }
  package var isBuffer: Bool { layout.kind.isBuffer }
  /// As in PyTorch: `ParameterLayout.shape`.
  package var shape: [Int] { layout.shape }
  /// The values that PyTorch has.
  package var valueCount: Int { layout.valueCount }

  /// `slab`: parameters, gradients or an optimizer's state (any slab laid out as the parameters are), or buffers.
  package func values(in slab: Slice) -> [Float] { layout.values(of: slab[range]) }

  package func set(_ values: [Float], in slab: Slice) { layout.set(slab[range], to: values) }
}

/// All parameters and buffers of a net. Parameters share one slab, buffers another.
package struct ParameterTable: Sendable {
  /// In the order of PyTorch's `parameters()`.
  package private(set) var parameters: [Parameter] = []
  package private(set) var buffers: [Parameter] = []
  /// The same for each step.
  private(set) var places: [Places] = []

  /// One step's.
  struct Places {
    /// In the order of the layer's `parameters`.
    var layer: [Parameter] = []
    /// In the order of the norm's.
    var norm: [Parameter] = []
  }

  package init(_ steps: [FusedStep]) {
    for step in steps {
      var place = Places()
      for layout in step.layer.parameters { place.layer.append(add(layout, to: step.name)) }
      if let norm = step.norm {
        for layout in norm.primitive.parameters { place.norm.append(add(layout, to: norm.name)) }
      }
      places.append(place)
    }
  }

  private mutating func add(_ layout: ParameterLayout, to owner: String) -> Parameter {
    let start = layout.kind.isBuffer ? bufferSlabCount : parameterSlabCount
    let parameter = Parameter(
      name: owner + "." + layout.name, layout: layout, range: start..<start + layout.count)
    if layout.kind.isBuffer { buffers.append(parameter) } else { parameters.append(parameter) }
    return parameter
  }

  /// Floats of the slabs, multiples of 16.
  package var parameterSlabCount: Int { parameters.last?.range.upperBound ?? 0 }
  package var bufferSlabCount: Int { buffers.last?.range.upperBound ?? 0 }

  /// Parameters as PyTorch counts them.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.valueCount } }

  package var all: [Parameter] { parameters + buffers }
}
