// What a program is told after each step, and what it answers.

import Training

/// A step of training that is done: what ``WassersteinGAN/train(on:generatorSteps:outOf:onStep:)`` tells its caller.
public struct TrainingStep: Sendable, Equatable {
  /// Which net has learned.
  public enum Kind: Sendable, Equatable {
    /// A step of the critic on one batch of pictures.
    case critic
    /// A step of the generator.
    case generator
  }

  /// Which net has learned.
  public let kind: Kind
  /// Critic steps since the GAN was made, this one included.
  public let criticStepsDone: Int
  /// Generator steps since the GAN was made, this one included.
  public let generatorStepsDone: Int
  /// Whole passes over the pictures since the GAN was made.
  public let epochsDone: Int
  /// The critic's mean over the real pictures of the last critic step.
  public let realLoss: Float
  /// The critic's mean over the fake pictures of the last critic step.
  public let fakeLoss: Float
  /// What this generator step minimises: with Wasserstein's loss the critic's mean over its fake pictures; nil in a
  /// critic step.
  public let generatorLoss: Float?
  /// What the last critic step minimised, without a penalty: with Wasserstein's loss `realLoss - fakeLoss`.
  public let criticLoss: Float
  /// The estimate of the Wasserstein distance between real and generated pictures, up to a factor: `fakeLoss -
  /// realLoss`.
  public var wassersteinEstimate: Float { fakeLoss - realLoss }
  /// The same estimate of pictures that are kept from training (``TrainingParameters/heldOut``), 256 of them at most:
  /// where it stays far behind, the critic knows its pictures by heart. nil but for each hundredth generator step.
  public let heldOutWassersteinEstimate: Float?

  init(
    _ kind: Kind, at position: RunPosition, _ losses: CriticLosses, generatorLoss: Float? = nil,
    heldOut: CriticLosses? = nil
  ) {
    self.kind = kind
    criticStepsDone = position.criticSteps
    generatorStepsDone = position.generatorSteps
    epochsDone = position.epoch
    realLoss = losses.real
    fakeLoss = losses.fake
    criticLoss = losses.loss
    self.generatorLoss = generatorLoss
    heldOutWassersteinEstimate = heldOut?.wasserstein
  }
}

/// Whether training goes on after a step.
public enum StepDecision: Sendable, Equatable {
  /// Go on.
  case proceed
  /// Stop after this step. The next call of `train` goes on from here.
  case stop
}
