// Losses of pairs of a real and a fake picture, with a penalty on the critic's gradient at both: R1 and R2. Sources:
// Mescheder, Geiger and Nowozin, "Which training methods for GANs do actually converge?" (ICML 2018); Huang et al.,
// "The GAN is dead; long live the GAN!" (NeurIPS 2024), section 2.

import Compute
import Configuration
import ElementaryFunctions
import Graph

/// What is minimised of each pair: a function f of the difference of its scores, by the critic of D(real) - D(fake), by
/// the generator of D(fake) - D(real). (The WGAN authors' sign: a low score is a real picture's.)
protocol PairLoss: Sendable {
  /// f and its derivative.
  static func loss(_ difference: Double) -> (value: Double, slope: Double)
  /// The real score moves the generator's gradient.
  static var generatorSeesReals: Bool { get }
}

/// Wasserstein's: f is the difference itself.
enum WassersteinPairs: PairLoss {
  static func loss(_ difference: Double) -> (value: Double, slope: Double) { (difference, 1) }
  static let generatorSeesReals = false
}

/// The relativistic pairing loss, f = log(1 + e^difference). Source: Jolicoeur-Martineau, "The relativistic
/// discriminator: a key element missing from standard GAN" (ICLR 2019), section 4.
enum RelativisticPairs: PairLoss {
  static func loss(_ difference: Double) -> (value: Double, slope: Double) {
    // e^-|x| doesn't overflow.
    let small = Elementary.exp(-difference.magnitude)
    let value = max(difference, 0) + Elementary.log(1 + small)
    return (value, difference >= 0 ? 1 / (1 + small) : small / (1 + small))
  }
  static let generatorSeesReals = true
}

struct PairedObjective<Loss: PairLoss>: Objective {
  private let configuration: TrainingConfiguration

  /// - Precondition: the configuration is valid.
  init(_ configuration: TrainingConfiguration) { self.configuration = configuration }

  // A critic's pass sees real and fake pictures together, so each stands for two half batches.
  let criticPasses = [
    NetPass(.generator, .forward), NetPass(.critic, .forward),
    NetPass(.critic, .backward(parameters: false, input: true)), NetPass(.critic, .tangent),
    NetPass(.critic, .forward), NetPass(.critic, .backward(parameters: false, input: true)),
    NetPass(.critic, .tangent),
  ]
  var generatorPasses: [NetPass] {
    (Loss.generatorSeesReals ? [NetPass(.critic, .forward)] : []) + ClippedWasserstein.generatorPasses
  }
  let columns = ClippedWasserstein.columns + GradientNorms.columns

  var generatorSeesReals: Bool { Loss.generatorSeesReals }

  /// Half of the pairs, all of their pictures.
  func criticBatch(_ batchSize: Int) -> Int { Self.pairsOfPass(batchSize) * 2 }

  private static func pairsOfPass(_ batchSize: Int) -> Int { (batchSize + 1) / 2 }

  /// The critic knows no norm, so its pictures don't know each other: half of the pairs after the other half are the
  /// same as all at once, in half of the memory. Fakes without a real partner aren't seen.
  func criticStep(_ nets: TrainingNets, _ batch: StepBatch) -> CriticLosses {
    nets.generator.forward(batch: batch.fakes, input: nets.noise, statistics: .batch)
    let pairs = batch.pairs
    let share = 1 / Double(batch.allPairs)
    let reals = nets.view.see(nets.real, .criticReal, count: pairs, of: batch)
    let fakes = nets.view.see(nets.generator.output, .criticFake, count: pairs, of: batch)
    let penalty = GradientPenalty(.zeroCentred, configuration, at: batch.progress)
    let buffers = nets.penaltyBuffers
    var norms = GradientNorms()
    var (loss, real, fake) = (0.0, 0.0, 0.0)
    var first = 0
    repeat {
      let count = min(nets.critic.plan.batch / 2, pairs - first)
      // Neighbours, so that what a pair's pictures add with opposite signs cancels without a rest.
      buffers.pictures.interleave(reals, fakes, first: first, count: count, on: nets.device)
      nets.addPenalisedGradient(
        penalty, count: 2 * count, share: share, accumulate: first > 0, norms: &norms
      ) { scores in
        for pair in 0..<count {
          let (ofReal, ofFake) = (Double(scores[2 * pair]), Double(scores[2 * pair + 1]))
          let (value, slope) = Loss.loss(ofReal - ofFake)
          buffers.scoreFactors[2 * pair] = Float(share * slope)
          buffers.scoreFactors[2 * pair + 1] = Float(-share * slope)
          loss += share * value
          real += share * ofReal
          fake += share * ofFake
        }
      }
      first += count
    } while first < pairs
    let sums = nets.sums([real, fake, loss])
    return CriticLosses(
      real: Float(sums[0]), fake: Float(sums[1]), loss: Float(sums[2]), measured: norms.joined(nets).measured)
  }

  func generatorStep(_ nets: TrainingNets, _ batch: StepBatch) -> Float {
    if !Loss.generatorSeesReals { return ClippedWasserstein.generatorGradients(nets, batch) }
    let pairs = batch.pairs
    let factors = nets.penaltyBuffers.scoreFactors
    let seen = nets.view.see(nets.real, .generatorReal, count: pairs, of: batch)
    nets.critic.forward(batch: pairs, input: seen, statistics: .batch)
    let reals = nets.critic.scores(batch: pairs).array
    var loss = 0.0
    nets.generatorGradients(batch) { scores in
      factors.fill(0)
      for pair in 0..<pairs {
        let (value, slope) = Loss.loss(Double(scores[pair]) - Double(reals[pair]))
        factors[pair] = Float(slope / Double(batch.allPairs))
        loss += value / Double(batch.allPairs)
      }
      return .eachScore(factors[0..<batch.fakes])
    }
    return Float(nets.sums([loss])[0])
  }

  func criticLoss(real: [Float], fake: [Float]) -> Float {
    let differences = zip(real, fake).map { Double($0) - Double($1) }
    return Float(differences.reduce(0) { $0 + Loss.loss($1).value } / Double(differences.count))
  }
}
