// The two steps of a WGAN run with the preset blog: clipping before each critic step, RMSprop.

/// Both nets and their optimizers' means of squares.
package struct ReferenceTraining: Equatable, Sendable {
  package var critic: ReferenceNetwork
  package var generator: ReferenceNetwork
  package var optimizer: ReferenceRMSprop
  package var clip: Double
  /// By parameter name, from the first step on.
  package private(set) var criticSquares: [String: ReferenceTensor] = [:]
  package private(set) var generatorSquares: [String: ReferenceTensor] = [:]

  package init(
    critic: ReferenceNetwork, generator: ReferenceNetwork, learningRate: Double = 5e-5, clip: Double = 0.01
  ) {
    self.critic = critic
    self.generator = generator
    self.clip = clip
    optimizer = ReferenceRMSprop(learningRate: learningRate)
  }

  /// One critic step: minimises mean D(real) - mean D(G(noise)).
  ///
  /// 1. Every parameter of the critic, gamma and beta included, goes into [-clip, clip]; running statistics don't.
  /// 2. The real pictures go through the critic, then the fake ones: two batches for batch norm. The generator makes
  /// the
  ///    fake ones in training mode (its running statistics move), but its parameters stay.
  /// 3. The gradients of both passes add up, the fake one with a minus; RMSprop goes downhill.
  ///
  /// - Parameters:
  ///   - real: N x channels x size x size, in [-1, 1].
  ///   - noise: N x latent x 1 x 1.
  package mutating func criticStep(
    real: ReferenceTensor, noise: ReferenceTensor
  ) -> (realLoss: Double, fakeLoss: Double) {
    for name in critic.parameters.keys { referenceClamp(&critic[name].values, to: clip) }
    let (realLoss, realTape) = critic.forwardTraining(real)
    let fake = generator.forwardTraining(noise).destination
    let (fakeLoss, fakeTape) = critic.forwardTraining(fake)
    let realGradients = critic.backward(tape: realTape, diffDestination: .scalar(1)).diffParameters
    let fakeGradients = critic.backward(tape: fakeTape, diffDestination: .scalar(-1)).diffParameters
    let gradients = realGradients.merging(fakeGradients) { $0.combined(with: $1, +) }
    Self.update(&critic, gradients, &criticSquares, optimizer)
    return (realLoss.values[0], fakeLoss.values[0])
  }

  /// One generator step: minimises mean D(G(noise)). The critic's parameters stay; its running statistics move.
  ///
  /// - Returns: mean D(G(noise)), before the update.
  package mutating func generatorStep(noise: ReferenceTensor) -> Double {
    let (fake, generatorTape) = generator.forwardTraining(noise)
    let (loss, criticTape) = critic.forwardTraining(fake)
    let diffFake = critic.backward(tape: criticTape, diffDestination: .scalar(1)).diffSource
    let gradients = generator.backward(tape: generatorTape, diffDestination: diffFake).diffParameters
    Self.update(&generator, gradients, &generatorSquares, optimizer)
    return loss.values[0]
  }

  private static func update(
    _ network: inout ReferenceNetwork, _ gradients: [String: ReferenceTensor],
    _ squares: inout [String: ReferenceTensor], _ optimizer: ReferenceRMSprop
  ) {
    for (name, gradient) in gradients {
      optimizer.update(
        parameters: &network[name].values, gradients: gradient.values,
        squares: &squares[name, default: ReferenceTensor(shape: gradient.shape)].values)
    }
  }
}

extension ReferenceTensor {
  package static func scalar(_ value: Double) -> ReferenceTensor { ReferenceTensor(shape: [], values: [value]) }
}
