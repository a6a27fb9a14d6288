// What critic and generator minimise. D(x) is the critic's score of a picture x, low for real ones (the WGAN authors'
// sign); r_i and f_i are the real and the fake pictures of a step, n of each; g(x) is the gradient of D(x) with respect
// to x, and |g| its Euclidean norm.
//
//   clipped            critic      mean D(r) - mean D(f), its parameters within bounds
//   one-centred        critic      mean D(r) - mean D(f) + weight mean (|g(x_i)| - 1)^2,  x_i = e_i r_i + (1 - e_i) f_i
//   zero-centred       critic      mean D(r) - mean D(f) + weight / 2 (mean |g(r_i)|^2 + mean |g(f_i)|^2)
//   relativistic       critic      mean softplus(D(r_i) - D(f_i)) + weight / 2 (mean |g(r_i)|^2 + mean |g(f_i)|^2)
//                      generator   mean softplus(D(f_i) - D(r_i))
//   all others         generator   mean D(f)
//
// Where one batch is larger than the other (an epoch's tail), pictures without a partner have no x_i, and aren't in the
// critic's zero-centred and relativistic losses and in the generator's relativistic one.
//
// Sources: Arjovsky et al., "Wasserstein GAN", 2017; Gulrajani et al., "Improved training of Wasserstein GANs", 2017
// (algorithm 1); Mescheder et al., "Which training methods for GANs do actually
// converge?", 2018 (R1 and R2); Huang et al., "The GAN is dead; long live the GAN!", 2024.
//
// The losses here are plain functions of the critic's parameters: nothing of them knows how they are differentiated.
// `criticGradients` knows: ReferenceTangent.swift. The tests hold it against finite differences of the losses.

import SystemSupport

package enum ReferenceObjective: Equatable, Sendable {
  case clipped
  case oneCentred(weight: Double)
  case zeroCentred(weight: Double)
  case relativistic(weight: Double)

  /// What a critic step minimises, and what it is made of.
  package struct CriticLoss: Equatable, Sendable {
    /// mean D(r), mean D(f).
    package var real: Double
    package var fake: Double
    /// The loss without its penalty.
    package var adversarial: Double
    /// With its weight.
    package var penalty = 0.0
    /// mean |g| over all pictures that the penalty looks at.
    package var gradientNorm = 0.0
    package var total: Double { adversarial + penalty }
  }

  /// - Parameter shares: one-centred's e_i; the others don't read them.
  package func criticLoss(
    _ critic: ReferenceNetwork, real: ReferenceTensor, fake: ReferenceTensor, shares: [Double] = []
  ) -> CriticLoss {
    let (real, fake) = judged(real, fake)
    let (realScores, fakeScores) = (critic.scores(real), critic.scores(fake))
    var loss = CriticLoss(real: mean(realScores), fake: mean(fakeScores), adversarial: 0)
    loss.adversarial = loss.real - loss.fake
    switch self {
    case .clipped: break
    case .oneCentred(let weight):
      let norms = critic.scoreGradients(mixture(real, fake, shares)).norms
      loss.penalty = weight * mean(norms.map { ($0 - 1) * ($0 - 1) })
      loss.gradientNorm = mean(norms)
    case .zeroCentred(let weight), .relativistic(let weight):
      let norms = (real: critic.scoreGradients(real).norms, fake: critic.scoreGradients(fake).norms)
      loss.penalty = weight / 2 * (mean(norms.real.map { $0 * $0 }) + mean(norms.fake.map { $0 * $0 }))
      loss.gradientNorm = mean(norms.real + norms.fake)
    }
    if case .relativistic = self { loss.adversarial = mean(zip(realScores, fakeScores).map { softplus($0 - $1) }) }
    return loss
  }

  package func generatorLoss(_ critic: ReferenceNetwork, fake: ReferenceTensor, real: ReferenceTensor) -> Double {
    guard case .relativistic = self else { return mean(critic.scores(fake)) }
    // zip ends with the shorter one.
    return mean(zip(critic.scores(fake), critic.scores(real)).map { softplus($0 - $1) })
  }

  /// The gradient of `criticLoss(...).total` with respect to the critic's parameters.
  /// - Precondition: the critic has no norms.
  package func criticGradients(
    _ critic: ReferenceNetwork, real: ReferenceTensor, fake: ReferenceTensor, shares: [Double] = []
  ) -> [String: ReferenceTensor] {
    let (real, fake) = judged(real, fake)
    let (realCount, fakeCount) = (Double(real.shape[0]), Double(fake.shape[0]))
    // The loss' derivative with respect to each score.
    var realWeights = critic.scores(real).map { _ in 1 / realCount }
    var fakeWeights = critic.scores(fake).map { _ in -1 / fakeCount }
    if case .relativistic = self {
      realWeights = zip(critic.scores(real), critic.scores(fake)).map { sigmoid($0 - $1) / realCount }
      fakeWeights = realWeights.map { -$0 }
    }
    // The penalty's derivative with respect to each g(x): v(x).
    var (realDirection, fakeDirection) = (ReferenceTensor(shape: real.shape), ReferenceTensor(shape: fake.shape))
    var gradients: [[String: ReferenceTensor]] = []
    switch self {
    case .clipped: break
    case .oneCentred(let weight):
      // v = 2 weight / n (|g| - 1) g / |g|. Where |g| is 0 it has no derivative; PyTorch says 0.
      let between = mixture(real, fake, shares)
      let g = critic.scoreGradients(between)
      let pairs = Double(between.shape[0])
      let factors = g.norms.map { $0 == 0 ? 0 : 2 * weight / pairs * ($0 - 1) / $0 }
      let none = factors.map { _ in 0.0 }
      gradients.append(critic.gradients(at: between, scoreWeights: none, direction: g.scaledByPicture(factors)))
    case .zeroCentred(let weight), .relativistic(let weight):
      // v = weight / n g.
      realDirection = critic.scoreGradients(real).map { weight / realCount * $0 }
      fakeDirection = critic.scoreGradients(fake).map { weight / fakeCount * $0 }
    }
    gradients.append(critic.gradients(at: real, scoreWeights: realWeights, direction: realDirection))
    gradients.append(critic.gradients(at: fake, scoreWeights: fakeWeights, direction: fakeDirection))
    return gradients.reduce(into: [:]) { sum, part in sum.merge(part) { $0.combined(with: $1, +) } }
  }

  /// The gradient of `generatorLoss` with respect to the fake pictures.
  package func fakeGradient(
    _ critic: ReferenceNetwork, fake: ReferenceTensor, real: ReferenceTensor
  ) -> ReferenceTensor {
    let count = fake.shape[0]
    var weights = [Double](repeating: 1 / Double(count), count: count)
    if case .relativistic = self {
      let pairs = min(count, real.shape[0])
      weights = zip(critic.scores(fake), critic.scores(real)).map { sigmoid($0 - $1) / Double(pairs) }
      weights += [Double](repeating: 0, count: count - pairs)
    }
    return critic.scoreGradients(fake).scaledByPicture(weights)
  }
}

extension ReferenceObjective {
  /// The pictures that the critic's loss is of.
  private func judged(
    _ real: ReferenceTensor, _ fake: ReferenceTensor
  ) -> (real: ReferenceTensor, fake: ReferenceTensor) {
    switch self {
    case .clipped, .oneCentred: return (real, fake)
    case .zeroCentred, .relativistic:
      let pairs = min(real.shape[0], fake.shape[0])
      return (real.first(pairs), fake.first(pairs))
    }
  }
}

/// log(1 + e^x), without overflow.
package func softplus(_ x: Double) -> Double { max(x, 0) + log(1 + exp(-abs(x))) }

/// softplus' derivative.
package func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// e_i r_i + (1 - e_i) f_i.
private func mixture(_ real: ReferenceTensor, _ fake: ReferenceTensor, _ shares: [Double]) -> ReferenceTensor {
  let pairs = min(real.shape[0], fake.shape[0])
  precondition(shares.count == pairs, "one share a pair")
  let (real, fake) = (real.first(pairs), fake.first(pairs))
  return real.scaledByPicture(shares).combined(with: fake.scaledByPicture(shares.map { 1 - $0 }), +)
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

extension ReferenceTensor {
  /// Each picture, or vector, times its own number.
  package func scaledByPicture(_ factors: [Double]) -> ReferenceTensor {
    precondition(factors.count == shape[0])
    let size = count / factors.count
    return ReferenceTensor(shape: shape, values: values.indices.map { values[$0] * factors[$0 / size] })
  }

  /// The first `count` pictures.
  package func first(_ count: Int) -> ReferenceTensor {
    ReferenceTensor(
      shape: [count] + shape.dropFirst(), values: Array(values.prefix(count * (self.count / shape[0]))))
  }

  /// Each picture's Euclidean norm.
  package var norms: [Double] {
    let size = count / shape[0]
    return (0..<shape[0]).map { n in
      values[n * size..<(n + 1) * size].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }
}
