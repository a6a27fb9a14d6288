import ReferenceKernels
import SystemSupport
import Testing

/// Protects: the mathematics of the objectives. Gradients made by a tangent pass, against finite differences of the
/// whole losses, penalty included: those need no derivative but the definition's backward pass to a picture, and
/// `penaltiesLookAtTheGradient` asks that one of finite differences, too.
@Suite struct ObjectiveTests {
  static let objectives: [ReferenceObjective] = [
    .clipped, .oneCentred(weight: 10), .zeroCentred(weight: 3), .relativistic(weight: 2),
  ]

  /// Critics without norms: DCGAN with an extra layer, and MLP, whose layers have biases.
  static let critics: [(name: String, channels: Int, network: ReferenceNetwork)] = [1, 3].flatMap { channels in
    [
      (
        "dcgan \(channels)", channels,
        ReferenceDCGAN(size: 16, channels: channels, features: 3, extraLayers: 1, norms: false).critic
      ),
      ("mlp \(channels)", channels, ReferenceMLP(size: 16, channels: channels, features: 9).critic),
    ]
  }

  private struct Step {
    var critic: ReferenceNetwork
    var real: ReferenceTensor
    var fake: ReferenceTensor
    var shares: [Double]

    /// 3 real pictures, an epoch's tail, and 4 fake ones.
    init(_ critic: ReferenceNetwork, channels: Int) {
      var random = RandomTensors(seed: 9)
      self.critic = random.randomised(critic)
      real = random.uniform([3, channels, 16, 16])
      fake = random.uniform([4, channels, 16, 16])
      shares = random.uniform([3], 0, 1).values
    }

    func loss(_ objective: ReferenceObjective) -> ReferenceObjective.CriticLoss {
      objective.criticLoss(critic, real: real, fake: fake, shares: shares)
    }
  }

  @Test(arguments: objectives, critics.indices) func criticGradients(objective: ReferenceObjective, critic: Int) {
    let (what, channels, network) = Self.critics[critic]
    let step = Step(network, channels: channels)
    let gradients = objective.criticGradients(step.critic, real: step.real, fake: step.fake, shares: step.shares)
    #expect(Set(gradients.keys) == Set(step.critic.parameters.keys))
    var random = RandomTensors(seed: 10)
    let largest = gradients.values.map { ReferenceTensor.dot($0, $0).squareRoot() }.max() ?? 0
    for (name, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
      for _ in 0..<3 {
        let direction = random.uniform(gradient.shape)
        let numeric = Self.difference { h in
          var moved = step
          moved.critic[name] = moved.critic[name].combined(with: direction) { $0 + h * $1 }
          return moved.loss(objective).total
        }
        let analytic = ReferenceTensor.dot(gradient, direction)
        #expect(
          abs(numeric - analytic) < 1e-5 * largest,
          "\(objective), \(what), \(name): \(analytic), by differences \(numeric)")
      }
    }
  }

  @Test(arguments: objectives, critics.indices) func fakeGradient(objective: ReferenceObjective, critic: Int) {
    let (what, channels, network) = Self.critics[critic]
    let step = Step(network, channels: channels)
    let gradient = objective.fakeGradient(step.critic, fake: step.fake, real: step.real)
    var random = RandomTensors(seed: 11)
    for _ in 0..<3 {
      let direction = random.uniform(gradient.shape)
      let numeric = Self.difference { h in
        objective.generatorLoss(
          step.critic, fake: step.fake.combined(with: direction) { $0 + h * $1 }, real: step.real)
      }
      let analytic = ReferenceTensor.dot(gradient, direction)
      let size = ReferenceTensor.dot(gradient, gradient).squareRoot()
      #expect(abs(numeric - analytic) < 1e-5 * size, "\(objective), \(what): \(analytic), by differences \(numeric)")
    }
  }

  /// The gradients' norms, from the scores alone: every element of each picture by finite differences.
  @Test(arguments: critics.indices.filter { critics[$0].channels == 1 })
  func penaltiesLookAtTheGradient(critic: Int) {
    let (what, channels, network) = Self.critics[critic]
    let step = Step(network, channels: channels)
    func norms(_ pictures: ReferenceTensor) -> [Double] {
      let gradient = ReferenceFiniteDifference.gradient(
        { step.critic.scores($0).reduce(0, +) }, at: pictures, step: 1e-7)
      return gradient.norms
    }
    // The fourth fake has no partner.
    let (real, fake) = (norms(step.real), Array(norms(step.fake).prefix(3)))
    let zeroCentred = step.loss(.zeroCentred(weight: 3))
    let sums = (real + fake).reduce(0) { $0 + $1 * $1 }
    #expect(abs(zeroCentred.penalty - 1.5 * sums / 3) < 1e-5 * zeroCentred.penalty, "\(what)")
    #expect(abs(zeroCentred.gradientNorm - (real + fake).reduce(0, +) / 6) < 1e-5 * zeroCentred.gradientNorm)

    let between = ReferenceTensor(
      shape: step.real.shape,
      values: step.real.values.indices.map { i in
        let share = step.shares[i / (step.real.count / 3)]
        return share * step.real.values[i] + (1 - share) * step.fake.values[i]
      })
    let mixed = norms(between)
    let oneCentred = step.loss(.oneCentred(weight: 10))
    let squares = mixed.reduce(0) { $0 + ($1 - 1) * ($1 - 1) }
    #expect(abs(oneCentred.penalty - 10 * squares / 3) < 1e-5 * oneCentred.penalty, "\(what)")
    #expect(abs(oneCentred.gradientNorm - mixed.reduce(0, +) / 3) < 1e-5 * oneCentred.gradientNorm)
  }

  /// Low scores are real ones: a critic step makes the loss smaller and the real pictures' scores lower than the fake
  /// ones', and a generator step then makes its loss smaller.
  @Test(arguments: objectives.dropFirst()) func stepsGoDownhill(objective: ReferenceObjective) {
    let nets = ReferenceDCGAN(size: 16, channels: 1, features: 3, latent: 4, norms: false)
    var random = RandomTensors(seed: 12)
    var training = ReferenceTraining(
      critic: random.randomised(nets.critic), generator: random.randomised(nets.generator), learningRate: 1e-4,
      objective: objective)
    let (real, noise) = (random.uniform([4, 1, 16, 16]), random.uniform([4, 4, 1, 1]))
    var totals: [Double] = []
    for _ in 0..<30 {
      _ = training.criticStep(real: real, noise: noise, shares: [0.1, 0.4, 0.6, 0.9])
      if let loss = training.lastLoss { totals.append(loss.total) }
    }
    #expect(totals.count == 30 && totals[29] < totals[0])
    #expect(training.generatorStep(noise: noise) > training.generatorStep(noise: noise))
  }

  /// By hand, of a line: D(x) = w x has |g| = |w| everywhere.
  @Test func lossesOfALine() {
    var line = ReferenceNetwork(layers: [.linear(name: "line", inputs: 1, outputs: 1), .mean])
    line["line.weight"].values = [-3]
    line["line.bias"].values = [7]
    let real = ReferenceTensor(shape: [2, 1, 1, 1], values: [1, 2])
    let fake = ReferenceTensor(shape: [2, 1, 1, 1], values: [0, 1])
    let oneCentred = ReferenceObjective.oneCentred(weight: 10)
      .criticLoss(line, real: real, fake: fake, shares: [0, 0.5])
    #expect(oneCentred.real == 2.5 && oneCentred.fake == 5.5 && oneCentred.adversarial == -3)
    #expect(oneCentred.penalty == 40 && oneCentred.gradientNorm == 3)
    let zeroCentred = ReferenceObjective.zeroCentred(weight: 2).criticLoss(line, real: real, fake: fake)
    #expect(zeroCentred.penalty == 18 && zeroCentred.gradientNorm == 3 && zeroCentred.total == 15)
    let relativistic = ReferenceObjective.relativistic(weight: 2)
    let paired = relativistic.criticLoss(line, real: real, fake: fake)
    #expect(abs(paired.adversarial - log(1 + exp(-3))) < 1e-15 && paired.penalty == 18)
    #expect(abs(relativistic.generatorLoss(line, fake: fake, real: real) - log(1 + exp(3))) < 1e-14)
    // Pairs, not means: exchanged fakes are another loss.
    let exchanged = ReferenceTensor(shape: [2, 1, 1, 1], values: [1, 0])
    let other = relativistic.criticLoss(line, real: real, fake: exchanged)
    #expect(abs(other.adversarial - (log(2) + log(1 + exp(-6))) / 2) < 1e-15)
  }

  /// The average begins as the generator, and its first steps follow it more quickly than `ema` says.
  @Test func average() {
    let nets = ReferenceDCGAN(size: 16, channels: 1, features: 3, latent: 4)
    var random = RandomTensors(seed: 13)
    var training = ReferenceTraining(
      critic: random.randomised(nets.critic), generator: random.randomised(nets.generator), ema: 0.2)
    var generators = [training.generator]
    for _ in 0..<3 {
      _ = training.generatorStep(noise: random.uniform([3, 4, 1, 1]))
      generators.append(training.generator)
    }
    let values = generators.map { ($0["final.weight"].values[0], $0.running["initial.bn"]?.mean[0] ?? .nan) }
    // 2/11 < 0.2, then 3/12 and 4/13 aren't.
    func averaged(_ v: [Double]) -> Double { 0.2 * (0.2 * (2 * v[0] + 9 * v[1]) / 11 + 0.8 * v[2]) + 0.8 * v[3] }
    #expect(abs(training.averaged["final.weight"].values[0] - averaged(values.map(\.0))) < 1e-15)
    #expect(abs((training.averaged.running["initial.bn"]?.mean[0] ?? .nan) - averaged(values.map(\.1))) < 1e-15)
  }

  /// The derivative of f at 0. h is small, so that no activation crosses its corner on the way.
  private static func difference(_ f: (Double) -> Double) -> Double {
    let h = 1e-8
    return (f(h) - f(-h)) / (2 * h)
  }
}
