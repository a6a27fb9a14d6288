// A step of a fused net: a layer with weights and what follows it. The executor runs it forward with at most two passes
// over memory, and backward with at most three. Fusion.swift makes steps of layers.

import Compute

package struct FusedStep: Sendable {
  package enum Order: Sendable {
    case activationThenNorm
    case normThenActivation
  }

  package struct Norm: Sendable {
    package let name: String
    package let primitive: any NormPrimitive
  }

  /// The layer's.
  package let name: String
  package let layer: any LayerPrimitive
  package let norm: Norm?
  package let order: Order
  /// The activation's slope; nil where there is none.
  package let slope: Float?
  package let tanh: Bool

  init(
    name: String, layer: any LayerPrimitive, norm: Norm? = nil, order: Order = .activationThenNorm,
    slope: Float? = nil, tanh: Bool = false
  ) {
    self.name = name
    self.layer = layer
    self.norm = norm
    self.order = order
    self.slope = slope
    self.tanh = tanh
  }

  /// That of the layer: nothing that may follow changes it.
  package var output: ActivationShape { layer.output }

  /// What the layer's own pass does to its results: tanh, or the activation where no norm stands before it.
  var epilogue: Epilogue {
    Epilogue(slope: norm == nil || order == .activationThenNorm ? slope ?? 1 : 1, tanh: tanh)
  }
  /// The activation that the norm applies to its output.
  var normOutputSlope: Float { order == .normThenActivation ? slope ?? 1 : 1 }
  /// The activation whose output the norm reads.
  var normInputSlope: Float { order == .activationThenNorm ? slope ?? 1 : 1 }
  /// The activation whose gradient is left to the pass that writes the gradient of the step's output: where no norm
  /// takes it.
  var gateSlope: Float? { norm == nil ? slope : nil }
}
