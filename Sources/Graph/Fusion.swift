// Fusion: a list of layers becomes a list of steps. Here, and nowhere else, it is decided which primitive a layer is:
// from the layer, from what reaches it, and from what the net says comes out of it.

import Compute
import SystemSupport

/// A net that can't be: one line that names the net and the layer.
package struct NetworkError: ClassifiedError {
  package let description: String
  package var failureKind: FailureKind { .usage }
}

extension Network {
  /// The steps of this net.
  ///
  /// - Throws: for any net that can't be run.
  package func fused(_ settings: LayerSettings = .unspecified) throws(NetworkError) -> [FusedStep] {
    var fusion = Fusion(self, settings)
    return try fusion.steps()
  }
}

/// A net's fusion under way.
private struct Fusion {
  private let network: Network
  private let settings: LayerSettings
  /// What isn't in a step yet.
  private var rest: ArraySlice<Layer>
  /// What reaches it.
  private var shape: ActivationShape
  /// Of layers with parameters, so far.
  private var names: Set<String> = []

  init(_ network: Network, _ settings: LayerSettings) {
    self.network = network
    self.settings = settings
    rest = network.layers[...]
    shape = network.input.shape
  }

  mutating func steps() throws(NetworkError) -> [FusedStep] {
    do { try network.input.check() } catch { throw problem("the input", error.description) }
    var steps: [FusedStep] = []
    while let layer = rest.popFirst() {
      do {
        let step = try step(from: layer)
        shape = step.output
        steps.append(step)
      } catch { throw problem(layer.shownName, error.description) }
    }
    guard let last = steps.last else { throw NetworkError(description: "\(network.name): has no layers") }
    guard last.output == network.output.shape else {
      throw problem(last.name, "makes \(last.output.description), the output is \(network.output.shape.description)")
    }
    return steps
  }

  private func problem(_ place: String, _ what: String) -> NetworkError {
    NetworkError(description: "\(network.name): \(place): \(what)")
  }

  // MARK: - A step

  /// The step that begins with `layer`, and all of `rest` that belongs to it.
  private mutating func step(from layer: Layer) throws(GeometryError) -> FusedStep {
    try claim(layer.name)
    let primitive = try primitive(of: layer)
    switch primitive.followers {
    case .nothing: return FusedStep(name: layer.shownName, layer: primitive)
    case .tanh:
      guard rest.popFirst() == .tanh else { throw GeometryError("makes the net's pictures: tanh must follow it") }
      return FusedStep(name: layer.shownName, layer: primitive, tanh: true)
    case .activationAndNorm:
      return try stepWithFollowers(of: primitive, named: layer.shownName)
    }
  }

  /// Takes an activation and a norm, whichever are there.
  private mutating func stepWithFollowers(
    of primitive: any LayerPrimitive, named name: String
  ) throws(GeometryError) -> FusedStep {
    var norm: FusedStep.Norm?
    var order = FusedStep.Order.activationThenNorm
    var slope: Float?
    loop: while let next = rest.first {
      switch next {
      case .activation(let value) where slope == nil:
        guard value >= 0, value.isFinite else { throw GeometryError("\(next) follows it: a slope is 0 or more") }
        slope = value
        if norm != nil { order = .normThenActivation }
      case .batchNorm(let normName) where norm == nil:
        try claim(normName)
        norm = .init(
          name: normName, primitive: BatchNorm(channels: primitive.output.channels, size: primitive.output.size))
      default: break loop
      }
      rest.removeFirst()
    }
    return FusedStep(name: name, layer: primitive, norm: norm, order: order, slope: slope)
  }

  // MARK: - Which primitive a layer is

  private mutating func primitive(of layer: Layer) throws(GeometryError) -> any LayerPrimitive {
    switch layer {
    case .convolution(_, let outputs, let kernel, let stride, let padding):
      if made == .scores {
        return try ScoreLayer(
          shape, outputChannels: outputs, kernel: kernel, stride: stride, padding: padding, settings)
      }
      return try ConvolutionLayer(
        shape, outputChannels: outputs, kernel: kernel, stride: stride, padding: padding, settings)
    case .transposedConvolution(_, let outputs, let kernel, let stride, let padding):
      let makesPictures = if case .pictures = made { true } else { false }
      return try TransposedConvolutionLayer(
        shape, outputChannels: outputs, kernel: kernel, stride: stride, padding: padding,
        makesPictures: makesPictures, settings)
    case .linear(_, let outputs):
      if case .view(let channels, let size) = rest.first {
        rest.removeFirst()
        let linear = try Linear(shape, outputs: outputs, viewedAs: .pictures(channels: channels, size: size))
        return LinearLayer(linear, settings)
      }
      let linear = try Linear(shape, outputs: outputs, isScore: made == .scores)
      return made == .scores ? ScoreLayer(linear, settings) : LinearLayer(linear, settings)
    case .activation, .batchNorm, .tanh, .view:
      throw GeometryError(
        "can't stand here: an activation and a norm follow a layer with weights, tanh follows the last one of a net "
          + "that makes pictures, view a linear one")
    }
  }

  /// What the layer at hand has to make where it is the net's last one with weights; nil inside the net.
  private var made: ActivationShape? { rest.contains(where: \.hasWeights) ? nil : network.output.shape }

  private mutating func claim(_ name: String?) throws(GeometryError) {
    if let name, !names.insert(name).inserted { throw GeometryError("there are two layers of the name \(name)") }
  }
}

extension Layer {
  /// Of its parameters; nil where it has none.
  fileprivate var name: String? {
    switch self {
    case .convolution(let name, _, _, _, _), .transposedConvolution(let name, _, _, _, _), .linear(let name, _),
      .batchNorm(let name):
      name
    case .view, .activation, .tanh: nil
    }
  }

  /// Its name, or what it is.
  fileprivate var shownName: String { name ?? "\(self)" }

  /// A step begins with it.
  fileprivate var hasWeights: Bool {
    switch self {
    case .convolution, .transposedConvolution, .linear: true
    case .view, .activation, .batchNorm, .tanh: false
    }
  }
}

extension Network.Input {
  var shape: ActivationShape {
    switch self {
    case .pictures(let channels, let size): .pictures(channels: channels, size: size)
    case .vectors(let count): .planes(channels: count, size: 1)
    }
  }

  fileprivate func check() throws(GeometryError) {
    switch self {
    case .pictures(let channels, let size): try ActivationShape.checkPictures(channels: channels, size: size)
    case .vectors(let count): try GeometryError.check(("values of a vector:", count, 1))
    }
  }
}

extension Network.Output {
  var shape: ActivationShape {
    switch self {
    case .pictures(let channels, let size): .pictures(channels: channels, size: size)
    case .scores: .scores
    }
  }
}
