// A critic's gradient of its gradients, without automatic differentiation of a second order.
//
// Let the critic have layers a_l = W_l x_(l-1) + b_l, x_l = f(a_l) with f = LeakyReLU or ReLU, no norms, and its score
// D at the end. For one picture x_0 let delta_l = dD/da_l: the backward pass from 1. Then
//
//   g = dD/dx_0 = W_1' m_1 W_2' ... W_L'       m_l: f'(a_l) on the diagonal, ' a transpose
//
// is linear in each W_l, and f' is constant between its corners. So for a fixed vector v, with the *tangent pass*
//
//   t_0 = v,   t_l = m_l W_l t_(l-1)           forward, without biases
//
// <v, g> = <t_(l-1), W_l' delta_l> for every l, and its gradient with respect to W_l is that of a layer whose source is
// t_(l-1) and whose destination's gradient is delta_l. A penalty P(g) has the gradient of <v, g> with v = dP/dg, held
// constant. b_l moves only corners: it gets nothing.
//
// A loss of the scores with the derivatives s_i rides along: its gradient at picture i is s_i delta_l, so for both
// that source is s_i x_(l-1) + t_(l-1). A bias gets s_i delta_l.

extension ReferenceNetwork {
  /// Of a critic: the scores of pictures, one each.
  package func scores(_ pictures: ReferenceTensor) -> [Double] {
    var network = withoutMean
    return network.forwardTraining(pictures).destination.values
  }

  /// Of a critic without norms: the gradient of each score with respect to its own picture.
  package func scoreGradients(_ pictures: ReferenceTensor) -> ReferenceTensor {
    var network = withoutMean
    let (scores, tape) = network.forwardTraining(pictures)
    // No norm ties the pictures together: the sum's gradient is each score's own.
    return network.backward(tape: tape, diffDestination: scores.map { _ in 1 }).diffSource
  }

  /// Of a critic without norms: the gradient with respect to every parameter of the sum over pictures i of
  /// `scoreWeights`_i D(x_i) + <`direction`_i, g(x_i)>.
  package func gradients(
    at pictures: ReferenceTensor, scoreWeights: [Double], direction: ReferenceTensor
  ) -> [String: ReferenceTensor] {
    var network = withoutMean
    let (scores, tape) = network.forwardTraining(pictures)
    let adjoints = network.adjoints(tape: tape, diffDestination: scores.map { _ in 1 })
    let tangents = network.tangents(tape: tape, direction: direction)
    var gradients: [String: ReferenceTensor] = [:]
    for (l, layer) in network.layers.enumerated() {
      let source = tape[l].scaledByPicture(scoreWeights).combined(with: tangents[l], +)
      switch layer {
      case .convolution(let name, let geometry, _, _):
        gradients[name + ".weight"] = geometry.backwardWeights(source: source, diffDestination: adjoints[l])
      case .linear(let name, _, _):
        gradients[name + ".weight"] =
          ReferenceLinear.backwardWeights(source: source, diffDestination: adjoints[l]).diffWeights
        gradients[name + ".bias"] =
          ReferenceLinear.backwardWeights(
            source: source, diffDestination: adjoints[l].scaledByPicture(scoreWeights)
          ).diffBias
      case .activation: break
      default: preconditionFailure("a critic with a penalty has no \(layer)")
      }
    }
    return gradients
  }

  /// The gradient with respect to each layer's destination.
  private func adjoints(tape: Tape, diffDestination: ReferenceTensor) -> [ReferenceTensor] {
    var gradient = diffDestination
    var adjoints: [ReferenceTensor] = []
    for (layer, source) in zip(layers, tape).reversed() {
      adjoints.append(gradient)
      var alone = ReferenceNetwork(layers: [layer])
      for name in alone.parameters.keys { alone[name] = self[name] }
      gradient = alone.backward(tape: [source], diffDestination: gradient).diffSource
    }
    return adjoints.reversed()
  }

  /// Each layer's source in the tangent pass.
  private func tangents(tape: Tape, direction: ReferenceTensor) -> [ReferenceTensor] {
    var tangent = direction
    var tangents: [ReferenceTensor] = []
    for (layer, source) in zip(layers, tape) {
      tangents.append(tangent)
      switch layer {
      case .convolution(let name, let geometry, _, _):
        tangent = geometry.forward(source: tangent, weights: self[name + ".weight"])
      case .linear(let name, _, let outputs):
        tangent = ReferenceLinear.forward(
          source: tangent, weights: self[name + ".weight"], bias: ReferenceTensor(shape: [outputs]))
      case .activation(let activation):
        // m_l is on the diagonal: its product is the same forward and backward.
        tangent = activation.backward(source: source, diffDestination: tangent)
      default: preconditionFailure("a critic with a penalty has no \(layer)")
      }
    }
    return tangents
  }

  /// A critic that ends with its scores.
  private var withoutMean: ReferenceNetwork {
    precondition(layers.last == .mean, "a critic ends with the mean of its scores")
    var network = ReferenceNetwork(layers: Array(layers.dropLast()))
    network.parameters = parameters
    network.running = running
    return network
  }
}
