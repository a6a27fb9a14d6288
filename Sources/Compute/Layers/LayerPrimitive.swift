// What the graph knows of a layer with weights: what it reads and writes, its parameters, its memory, its three passes.
//
// The kinds of layers, each beside the drivers that it wraps:
//
//     ConvolutionLayer              Convolution/
//     TransposedConvolutionLayer    Convolution/
//     LinearLayer                   Linear/               between vectors, from pictures, to pictures
//     ScoreLayer                    Convolution/Score/    a critic's last layer
//
// Fusion (Graph/Fusion.swift) decides which one a layer of a net is, and nobody asks again. docs/AddingALayer.md says
// how another kind is added.

/// A layer's passes, in its own sense: `forward` is what the net's forward pass runs. (A transposed convolution's
/// forward is backwardData of the convolution whose adjoint it is.)
package enum LayerPass: String, Sendable, CaseIterable {
  case forward
  /// The gradient of its source.
  case backwardData
  /// The gradients of its parameters.
  case backwardWeights
}

/// A layer with weights, for batches up to one size, the method of each pass chosen.
package protocol LayerPrimitive: Sendable {
  var input: ActivationShape { get }
  var output: ActivationShape { get }
  /// Zeros around the source that forward and backwardWeights read.
  var sourceHalo: Int { get }
  /// Zeros around the gradient of the output that backwardData and backwardWeights read.
  var gradientHalo: Int { get }
  /// What may follow it in its step.
  var followers: LayerFollowers { get }
  /// A weight, a bias, both or none, in PyTorch's order.
  var parameters: [ParameterLayout] { get }

  // What is told of it.
  /// "conv 4x4 stride 2"
  var operation: String { get }
  /// The convolution that its passes run.
  var convolution: LayerConvolution { get }
  /// How a pass is computed, and why not faster where it isn't: "mb8ic64...: direct (a picture has too few channels)".
  /// Nil where there is no choice.
  func method(_ pass: LayerPass) -> String?
  /// What a pass over `batch` pictures can't do without.
  func work(_ pass: LayerPass, batch: Int) -> StepRecorder.Work

  // What a pass reads beside its operands.
  /// Floats of the weights as `pass` wants them prepared; 0: it takes them as they are.
  func preparedCount(_ pass: LayerPass) -> Int
  /// Once for each change of the weights.
  ///
  /// - Parameter prepared: `preparedCount` Floats.
  func prepare(_ pass: LayerPass, _ parameters: LayerParameters, into prepared: Slice, on device: Device)
  /// Floats of scratch that any of `passes` needs.
  func scratchpadCount(_ passes: [LayerPass], threads: Int) -> Int

  /// destination = epilogue(W source + bias), the bias where `parameters` has one.
  ///
  /// - Parameters:
  ///   - source: `input`, with a halo of `sourceHalo` zeros or wider.
  ///   - prepared: from `prepare(.forward, ...)`.
  ///   - destination: `output`; its halo becomes zero.
  ///   - scratchpad: `scratchpadCount` Floats or more, where that isn't 0.
  func forward(
    batch: Int, source: Activations, parameters: LayerParameters, prepared: Slice, destination: Activations,
    epilogue: Epilogue, scratchpad: Slice?, on device: Device)

  /// diffSource = W^T gradient, times the gate where there is one.
  ///
  /// - Parameters:
  ///   - gradient: of `output`, with a halo of `gradientHalo` zeros or wider.
  ///   - prepared: from `prepare(.backwardData, ...)`.
  ///   - diffSource: `input`; its halo becomes zero.
  func backwardData(
    batch: Int, gradient: Activations, parameters: LayerParameters, prepared: Slice, diffSource: Activations,
    gate: ActivationGate?, scratchpad: Slice?, on device: Device)

  /// diffParameters = (accumulate ? diffParameters : 0) + what source and gradient give.
  ///
  /// - Parameters:
  ///   - diffParameters: laid out as the parameters; unused lanes get zero.
  ///   - biasFactors: of each picture's gradient in the bias' alone, where they differ from the weight's; nil: 1.
  func backwardWeights(
    batch: Int, source: Activations, gradient: Activations, diffParameters: LayerParameters, biasFactors: Slice?,
    accumulate: Bool, scratchpad: Slice?, on device: Device)

  /// The derivative of forward where forward was, the bias' part weighed for each picture:
  ///
  ///     destination(n) = (W source(n) + biasFactors[n] * bias) times the gate
  ///
  /// - Parameters: as of `forward`.
  func tangent(
    batch: Int, source: Activations, parameters: LayerParameters, biasFactors: Slice, prepared: Slice,
    destination: Activations, gate: ActivationGate?, scratchpad: Slice?, on device: Device)
}

extension LayerPrimitive {
  /// Of a layer without a bias.
  package func tangent(
    batch: Int, source: Activations, parameters: LayerParameters, biasFactors: Slice, prepared: Slice,
    destination: Activations, gate: ActivationGate?, scratchpad: Slice?, on device: Device
  ) {
    precondition(parameters.bias == nil, "\(operation): its bias has a part in a tangent pass")
    forward(
      batch: batch, source: source, parameters: parameters, prepared: prepared, destination: destination,
      epilogue: Epilogue(gate: gate), scratchpad: scratchpad, on: device)
  }

  package func multiplyAdds(batch: Int) -> Int { convolution.geometry.multiplyAdds(batch: batch) }
}

/// What a layer's primitive is made for.
package struct LayerSettings: Sendable {
  /// The most pictures of a pass.
  package let batch: Int
  package let algorithm: AlgorithmChoice
  /// What convolutions between a net's first and last layers multiply; the device supports it.
  package let precision: Precision
  /// What the passes run on: its tiles and caches decide what is prepared and how much scratch there is.
  package let device: Device

  package init(batch: Int, algorithm: AlgorithmChoice, precision: Precision = .float32, device: Device) {
    self.batch = batch
    self.algorithm = algorithm
    self.precision = precision
    self.device = device
  }

  /// For what doesn't depend on it: shapes, names, parameters.
  package static let unspecified = LayerSettings(batch: 1, algorithm: .auto, device: Device(threads: 1))
}

/// A layer's parameters in memory; in backwardWeights their gradients.
package struct LayerParameters: Sendable {
  /// Empty where the layer has none.
  package let weight: Slice
  /// Nil where the layer has none, and where a pass shall go without it (as a derivative's does).
  package let bias: Slice?

  package init(weight: Slice, bias: Slice?) {
    self.weight = weight
    self.bias = bias
  }

  package var withoutBias: LayerParameters { LayerParameters(weight: weight, bias: nil) }
}

/// What a step may have behind its layer.
package enum LayerFollowers: Sendable {
  /// An activation, a norm, both in any order, or neither.
  case activationAndNorm
  /// tanh always, and nothing else.
  case tanh
  case nothing
}

/// What a forward pass makes of each value before it is written.
package struct Epilogue: Sendable {
  /// The activation v > 0 ? v : slope*v; 1: none.
  package var slope: Float
  /// tanh instead of it.
  package var tanh: Bool
  /// Then times the gate. (For the derivative of a forward pass, which goes through the same activations.)
  package var gate: ActivationGate?

  package init(slope: Float = 1, tanh: Bool = false, gate: ActivationGate? = nil) {
    self.slope = slope
    self.tanh = tanh
    self.gate = gate
  }
}

/// The convolution that a layer's passes run.
package struct LayerConvolution: Hashable, Sendable, CustomStringConvertible {
  package let geometry: Convolution
  /// The layer is its adjoint: passes exchanged.
  package let isTransposed: Bool

  /// As benchdnn writes it, "^T" behind an adjoint.
  package var description: String { geometry.description + mark }
  package var mark: String { isTransposed ? "^T" : "" }
}
