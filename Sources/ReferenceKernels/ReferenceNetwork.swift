// A net: layers in a row. Forward keeps each layer's source on a tape; backward walks the tape from its end.

/// One layer. `name` is what its parameters' names begin with, as PyTorch's `named_parameters()` spells them.
package enum ReferenceLayer: Equatable, Sendable {
  /// Parameter `<name>.weight`, O x I x k x k.
  case convolution(name: String, ReferenceConvolution, inputs: Int, outputs: Int)
  /// Parameter `<name>.weight`, I x O x k x k.
  case transposedConvolution(name: String, ReferenceTransposedConvolution, inputs: Int, outputs: Int)
  /// Parameters `<name>.weight`, O x I, and `<name>.bias`, O.
  case linear(name: String, inputs: Int, outputs: Int)
  /// N x (channels size²) x 1 x 1 as N x channels x size x size.
  case view(channels: Int, size: Int)
  /// Parameters `<name>.weight` (gamma) and `<name>.bias` (beta); buffers `<name>.running_mean`, `<name>.running_var`.
  case batchNorm(name: String, channels: Int)
  case activation(ReferenceActivation)
  /// Over everything, batch included: to a scalar.
  case mean
}

package struct ReferenceNetwork: Equatable, Sendable {
  package let layers: [ReferenceLayer]
  /// By PyTorch's names.
  package var parameters: [String: ReferenceTensor]
  /// Batch norm's running statistics, by the name of its layer.
  package var running: [String: ReferenceBatchNorm.Running]
  package let batchNorm = ReferenceBatchNorm()

  /// The sources of all layers, first to last.
  package typealias Tape = [ReferenceTensor]

  /// Weights 0, gamma 1, beta 0, running statistics at their start.
  package init(layers: [ReferenceLayer]) {
    self.layers = layers
    parameters = [:]
    running = [:]
    for (name, shape) in parameterShapes {
      parameters[name] = ReferenceTensor(shape: shape, repeating: name.hasSuffix(".bn.weight") ? 1 : 0)
    }
    for case .batchNorm(let name, let channels) in layers { running[name] = .init(channels: channels) }
  }

  /// The same net with random parameters and running statistics that keep every layer's values at size 1 or so, so that
  /// no gradient drowns in another; every value is one of Float's. A net's own start would hide mistakes: gamma 1, beta
  /// 0.
  ///
  /// - Parameter uniform: gives numbers in [0, 1), one after another.
  package func randomised(_ uniform: () -> Double) -> ReferenceNetwork {
    func values(_ count: Int, around middle: Double, reach: Double) -> [Double] {
      (0..<count).map { _ in Double(Float(middle + reach * (2 * uniform() - 1))) }
    }
    var network = self
    for (name, shape) in parameterShapes {
      let count = shape.reduce(1, *)
      if shape.count > 1 {
        let fanIn = Double(count / shape[0])
        network[name].values = values(count, around: 0, reach: (3 / fanIn).squareRoot())
      } else {
        network[name].values = values(count, around: name.hasSuffix(".bias") ? 0 : 1, reach: 0.5)
      }
    }
    for case .batchNorm(let name, let channels) in layers {
      network.running[name] = .init(
        mean: values(channels, around: 0, reach: 0.5), variance: values(channels, around: 1, reach: 0.5))
    }
    return network
  }

  /// Names and shapes of all parameters in PyTorch's order: layer by layer.
  package var parameterShapes: [(name: String, shape: [Int])] {
    layers.flatMap { layer -> [(name: String, shape: [Int])] in
      switch layer {
      case .convolution(let name, let geometry, let inputs, let outputs):
        [(name + ".weight", [outputs, inputs, geometry.kernel, geometry.kernel])]
      case .transposedConvolution(let name, let geometry, let inputs, let outputs):
        [(name + ".weight", [inputs, outputs, geometry.kernel, geometry.kernel])]
      case .batchNorm(let name, let channels):
        [(name + ".weight", [channels]), (name + ".bias", [channels])]
      case .linear(let name, let inputs, let outputs):
        [(name + ".weight", [outputs, inputs]), (name + ".bias", [outputs])]
      case .activation, .view, .mean: []
      }
    }
  }

  /// Training mode: batch norm uses the batch's statistics and moves the running ones.
  package mutating func forwardTraining(_ source: ReferenceTensor) -> (destination: ReferenceTensor, tape: Tape) {
    var tape: Tape = []
    var value = source
    for layer in layers {
      tape.append(value)
      if case .batchNorm(let name, let channels) = layer {
        var running = self.running[name] ?? .init(channels: channels)
        value = batchNorm.forwardTraining(
          source: value, gamma: self[name + ".weight"].values, beta: self[name + ".bias"].values, running: &running)
        self.running[name] = running
      } else {
        value = forward(layer, value)
      }
    }
    return (value, tape)
  }

  /// Evaluation mode: batch norm uses the running statistics.
  package func forwardEvaluation(_ source: ReferenceTensor) -> ReferenceTensor {
    layers.reduce(source) { value, layer in
      guard case .batchNorm(let name, let channels) = layer else { return forward(layer, value) }
      return batchNorm.forwardEvaluation(
        source: value, gamma: self[name + ".weight"].values, beta: self[name + ".bias"].values,
        running: running[name] ?? .init(channels: channels))
    }
  }

  /// The gradients with respect to the net's source and to every parameter, from that with respect to its destination.
  /// `tape` is that of training's forward with the same parameters.
  package func backward(
    tape: Tape, diffDestination: ReferenceTensor
  ) -> (diffSource: ReferenceTensor, diffParameters: [String: ReferenceTensor]) {
    var gradient = diffDestination
    var diffParameters: [String: ReferenceTensor] = [:]
    for (layer, source) in zip(layers, tape).reversed() {
      switch layer {
      case .convolution(let name, let geometry, _, _):
        diffParameters[name + ".weight"] = geometry.backwardWeights(source: source, diffDestination: gradient)
        gradient = geometry.backwardData(
          diffDestination: gradient, weights: self[name + ".weight"],
          sourceSize: (height: source.shape[2], width: source.shape[3]))
      case .transposedConvolution(let name, let geometry, _, _):
        diffParameters[name + ".weight"] = geometry.backwardWeights(source: source, diffDestination: gradient)
        gradient = geometry.backwardData(diffDestination: gradient, weights: self[name + ".weight"])
      case .linear(let name, _, _):
        (diffParameters[name + ".weight"], diffParameters[name + ".bias"]) = ReferenceLinear.backwardWeights(
          source: source, diffDestination: gradient)
        gradient = ReferenceLinear.backwardData(
          diffDestination: gradient, weights: self[name + ".weight"], sourceShape: source.shape)
      case .view:
        gradient = ReferenceTensor(shape: source.shape, values: gradient.values)
      case .batchNorm(let name, let channels):
        let backward = batchNorm.backward(
          source: source, diffDestination: gradient, gamma: self[name + ".weight"].values)
        diffParameters[name + ".weight"] = ReferenceTensor(shape: [channels], values: backward.diffGamma)
        diffParameters[name + ".bias"] = ReferenceTensor(shape: [channels], values: backward.diffBeta)
        gradient = backward.diffSource
      case .activation(let activation):
        gradient = activation.backward(source: source, diffDestination: gradient)
      case .mean:
        gradient = ReferenceMean.backward(shape: source.shape, diffDestination: gradient)
      }
    }
    return (gradient, diffParameters)
  }

  /// A parameter by its name.
  package subscript(_ name: String) -> ReferenceTensor {
    get {
      guard let parameter = parameters[name] else { preconditionFailure("the net has no parameter \(name)") }
      return parameter
    }
    set {
      precondition(parameters[name]?.shape == newValue.shape, "the net has no parameter \(name) of \(newValue.shape)")
      parameters[name] = newValue
    }
  }

  /// All layers but batch norm, which knows two modes.
  private func forward(_ layer: ReferenceLayer, _ source: ReferenceTensor) -> ReferenceTensor {
    switch layer {
    case .convolution(let name, let geometry, _, _):
      geometry.forward(source: source, weights: self[name + ".weight"])
    case .transposedConvolution(let name, let geometry, _, _):
      geometry.forward(source: source, weights: self[name + ".weight"])
    case .linear(let name, _, _):
      ReferenceLinear.forward(source: source, weights: self[name + ".weight"], bias: self[name + ".bias"])
    case .view(let channels, let size):
      ReferenceTensor(shape: [source.shape[0], channels, size, size], values: source.values)
    case .activation(let activation): activation.forward(source)
    case .mean: ReferenceMean.forward(source)
    case .batchNorm: preconditionFailure("batch norm has two modes")
    }
  }
}
