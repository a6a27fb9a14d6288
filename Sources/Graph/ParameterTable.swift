// A net's parameters by name: where each lies in its slab, and its values in PyTorch's layout.

import Compute

/// A parameter or a buffer of a net.
package struct Parameter: Sendable {
  package enum Kind: Sendable {
    case weight(Convolution)
    case linearWeight(Linear)
    case linearBias(Linear)
    case gamma
    case beta
    case runningMean
    case runningVariance
  }

  /// As in PyTorch's state_dict: "pyramid.0.bn.running_mean".
  package let name: String
  /// As in PyTorch: (out, in, kh, kw), for a transposed convolution (in, out, kh, kw); (out, in) and (out) for a linear
  /// layer's; (channels) for a norm's.
  package let shape: [Int]
  package let kind: Kind
  package let isTransposed: Bool
  /// Floats of the slab, counted with the unused lanes of blocks.
  package let range: Range<Int>

  package var isBuffer: Bool {
    switch kind {
    case .runningMean, .runningVariance: true
    case .weight, .linearWeight, .linearBias, .gamma, .beta: false
    }
  }

  /// The values that PyTorch has.
  package var valueCount: Int { shape.reduce(1, *) }

  /// `slab`: parameters, gradients or an optimizer's state (any slab laid out as the parameters are), or buffers.
  package func values(in slab: Slice) -> [Float] {
    switch kind {
    case .weight(let convolution): convolution.weightValues(slab[range])
    case .linearWeight(let linear): linear.weightValues(slab[range])
    case .linearBias(let linear): linear.biasValues(slab[range])
    default: Array(slab[range].array[..<valueCount])
    }
  }

  package func set(_ values: [Float], in slab: Slice) {
    precondition(values.count == valueCount)
    switch kind {
    case .weight(let convolution): convolution.setWeights(slab[range], from: values)
    case .linearWeight(let linear): linear.setWeights(slab[range], from: values)
    case .linearBias(let linear): linear.setBias(slab[range], from: values)
    default: slab[range].copy(from: values + [Float](repeating: 0, count: range.count - values.count))
    }
  }
}

/// All parameters and buffers of a net. Parameters share one slab, buffers another.
package struct ParameterTable: Sendable {
  /// In the order of PyTorch's `parameters()`.
  package let parameters: [Parameter]
  package let buffers: [Parameter]
  /// Floats of the slabs, multiples of 16.
  package let parameterSlabCount: Int
  package let bufferSlabCount: Int

  /// Parameters as PyTorch counts them.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.valueCount } }

  package var all: [Parameter] { parameters + buffers }

  /// For each step: weight, then bias where it is a linear layer, gamma and beta where it has a norm; running mean and
  /// variance likewise.
  struct Places {
    var weight: Range<Int>
    var bias: Range<Int>
    var gamma: Range<Int>
    var beta: Range<Int>
    var runningMean: Range<Int>
    var runningVariance: Range<Int>
  }
  let places: [Places]

  package init(_ steps: [FusedStep]) {
    var parameters: [Parameter] = []
    var buffers: [Parameter] = []
    var places: [Places] = []
    var parameterEnd = 0
    var bufferEnd = 0
    for step in steps {
      let convolution = step.convolution
      func add(_ name: String, _ shape: [Int], _ kind: Parameter.Kind, count: Int) -> Range<Int> {
        let isBuffer = name.contains(".running_")
        let start = isBuffer ? bufferEnd : parameterEnd
        let range = start..<start + count
        let parameter = Parameter(
          name: name, shape: shape, kind: kind, isTransposed: step.isTransposed, range: range)
        if isBuffer {
          buffers.append(parameter)
          bufferEnd = range.upperBound
        } else {
          parameters.append(parameter)
          parameterEnd = range.upperBound
        }
        return range
      }
      let shape = [convolution.outputChannels, convolution.inputChannels, convolution.kernel, convolution.kernel]
      let weight = add(
        step.name + ".weight", step.linear?.weightShape ?? shape,
        step.linear.map { .linearWeight($0) } ?? .weight(convolution), count: convolution.weightsCount)
      var place = Places(
        weight: weight, bias: 0..<0, gamma: 0..<0, beta: 0..<0, runningMean: 0..<0, runningVariance: 0..<0)
      if let linear = step.linear {
        place.bias = add(
          step.name + ".bias", [linear.weightShape[0]], .linearBias(linear), count: linear.biasCount)
      }
      if let norm = step.norm {
        let (prefix, count) = (step.normName, norm.parameterCount)
        place.gamma = add(prefix + ".weight", [norm.channels], .gamma, count: count)
        place.beta = add(prefix + ".bias", [norm.channels], .beta, count: count)
        place.runningMean = add(prefix + ".running_mean", [norm.channels], .runningMean, count: count)
        place.runningVariance = add(prefix + ".running_var", [norm.channels], .runningVariance, count: count)
      }
      places.append(place)
    }
    self.parameters = parameters
    self.buffers = buffers
    self.places = places
    parameterSlabCount = parameterEnd
    bufferSlabCount = bufferEnd
  }
}
