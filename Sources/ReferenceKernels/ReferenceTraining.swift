// The two steps of a run with RMSprop: of the preset blog (clipping before each critic step), or with an objective that
// has a penalty; and the generator's average.

/// Both nets, their optimizers' means of squares, and the averaged generator.
package struct ReferenceTraining: Equatable, Sendable {
  package var critic: ReferenceNetwork
  package var generator: ReferenceNetwork
  package var optimizer: ReferenceRMSprop
  /// `.clipped`'s bound.
  package var clip: Double
  package var objective: ReferenceObjective
  /// The averaged generator's share of itself at each step, once it is warm; 0: it is the generator.
  package var ema: Double
  /// After each generator step, parameters and running statistics: beta average + (1 - beta) generator, with beta =
  /// min(ema, (1 + n) / (10 + n)) after n generator steps, this one included. At the start it is the generator.
  package private(set) var averaged: ReferenceNetwork
  package private(set) var generatorSteps = 0
  /// Of the last critic step.
  package private(set) var lastLoss: ReferenceObjective.CriticLoss?
  private var lastReal: ReferenceTensor?
  /// By parameter name, from the first step on.
  package private(set) var criticSquares: [String: ReferenceTensor] = [:]
  package private(set) var generatorSquares: [String: ReferenceTensor] = [:]

  package init(
    critic: ReferenceNetwork, generator: ReferenceNetwork, learningRate: Double = 5e-5, clip: Double = 0.01,
    objective: ReferenceObjective = .clipped, ema: Double = 0
  ) {
    self.critic = critic
    self.generator = generator
    self.clip = clip
    self.objective = objective
    self.ema = ema
    averaged = generator
    optimizer = ReferenceRMSprop(learningRate: learningRate)
  }

  /// One critic step: minimises its objective; here the steps of `.clipped`, mean D(real) - mean D(G(noise)):
  ///
  /// 1. Every parameter of the critic, gamma and beta included, goes into [-clip, clip]; running statistics don't.
  /// 2. The real pictures go through the critic, then the fake ones: two batches for batch norm. The generator makes
  ///    the fake ones in training mode (its running statistics move), but its parameters stay.
  /// 3. The gradients of both passes add up, the fake one with a minus; RMSprop goes downhill.
  ///
  /// - Parameters:
  ///   - real: N x channels x size x size, in [-1, 1].
  ///   - noise: N x latent x 1 x 1.
  ///   - shares: the real pictures' in the mixtures, of `.oneCentred` alone.
  package mutating func criticStep(
    real: ReferenceTensor, noise: ReferenceTensor, shares: [Double] = []
  ) -> (realLoss: Double, fakeLoss: Double) {
    lastReal = real
    if objective != .clipped {
      let fake = generator.forwardTraining(noise).destination
      let loss = objective.criticLoss(critic, real: real, fake: fake, shares: shares)
      lastLoss = loss
      let gradients = objective.criticGradients(critic, real: real, fake: fake, shares: shares)
      Self.update(&critic, gradients, &criticSquares, optimizer)
      return (loss.real, loss.fake)
    }
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

  /// One generator step: minimises its objective, mean D(G(noise)) or, relativistic, beside the real pictures of the
  /// last critic step. The critic's parameters stay; its running statistics move.
  ///
  /// - Returns: the loss before the update.
  package mutating func generatorStep(noise: ReferenceTensor) -> Double {
    let (fake, generatorTape) = generator.forwardTraining(noise)
    let (loss, diffFake) = verdict(on: fake)
    let gradients = generator.backward(tape: generatorTape, diffDestination: diffFake).diffParameters
    Self.update(&generator, gradients, &generatorSquares, optimizer)
    average()
    return loss
  }

  private mutating func verdict(on fake: ReferenceTensor) -> (loss: Double, diffFake: ReferenceTensor) {
    if objective != .clipped, let real = lastReal {
      return (
        objective.generatorLoss(critic, fake: fake, real: real), objective.fakeGradient(critic, fake: fake, real: real)
      )
    }
    let (loss, tape) = critic.forwardTraining(fake)
    return (loss.values[0], critic.backward(tape: tape, diffDestination: .scalar(1)).diffSource)
  }

  private mutating func average() {
    generatorSteps += 1
    let n = Double(generatorSteps)
    let beta = min(ema, (1 + n) / (10 + n))
    func mixed(_ average: [Double], _ live: [Double]) -> [Double] {
      zip(average, live).map { beta * $0 + (1 - beta) * $1 }
    }
    for (name, live) in generator.parameters { averaged[name].values = mixed(averaged[name].values, live.values) }
    for (name, live) in generator.running {
      guard let average = averaged.running[name] else { continue }
      averaged.running[name] = .init(
        mean: mixed(average.mean, live.mean), variance: mixed(average.variance, live.variance))
    }
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
