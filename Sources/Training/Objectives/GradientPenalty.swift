// A penalty on the norm of the gradient of the critic's score with respect to its picture, and the passes over the
// critic that give its gradient, with that of the scores' own loss in the same ones. No second backward pass is needed:
// `Executor.tangent` has the mathematics.
//
// Sources: Gulrajani et al., "Improved training of Wasserstein GANs" (NeurIPS 2017), algorithm 1; Mescheder, Geiger and
// Nowozin, "Which training methods for GANs do actually converge?" (ICML 2018), section 4.1.

import Compute
import Configuration
import Graph

/// The penalty of n = ||d D(x) / d x|| at each picture.
struct GradientPenalty: Sendable {
  enum Kind: Sendable {
    /// lambda * (n - 1)^2: Wasserstein's critic has a slope of 1 nearly everywhere.
    case oneCentred
    /// gamma/2 * n^2: a critic that sees no difference any more is flat. (R1 at real, R2 at fake pictures.)
    case zeroCentred
  }

  let kind: Kind
  /// lambda or gamma.
  let weight: Float

  /// - Parameter progress: as in `TrainingConfiguration.penaltyShare`.
  init(_ kind: Kind, _ configuration: TrainingConfiguration, at progress: Double) {
    self.kind = kind
    weight = Float(Double(configuration.penaltyWeightInUse) * configuration.penaltyShare(at: progress))
  }

  /// The penalty at one picture, and the factor of its gradient with respect to d D / d x: v = factor * d D / d x.
  ///
  /// - Parameter squaredNorm: n^2.
  func term(squaredNorm: Float) -> (penalty: Double, factor: Double) {
    let (weight, square) = (Double(weight), Double(squaredNorm))
    switch kind {
    case .zeroCentred: return (weight / 2 * square, weight)
    case .oneCentred:
      let norm = square.squareRoot()
      // At a gradient of zero the norm has none; as PyTorch does it is taken for zero.
      return (weight * (norm - 1) * (norm - 1), norm > 0 ? 2 * weight * (norm - 1) / norm : 0)
    }
  }
}

/// What the passes need beside the nets.
package struct PenaltyBuffers {
  /// The pictures that the penalty is taken at, laid out as the critic's input; then what the tangent pass begins with.
  package let pictures: Activations
  /// d loss / d score of each picture, for who calls `addPenalisedGradient` to set.
  let scoreFactors: Slice
  /// Of each gradient in the tangent.
  let gradientFactors: Slice
  fileprivate let squaredNorms: Slice

  init(_ critic: ExecutionPlan) {
    pictures = Activations(Slab(count: critic.inputLayout.count(batch: critic.batch)).all, critic.inputLayout)
    func numbers() -> Slice { Slab(count: critic.batch).all }
    (scoreFactors, gradientFactors, squaredNorms) = (numbers(), numbers(), numbers())
  }
}

/// The norms of the gradients of a critic step's pictures, and the penalty on them.
struct GradientNorms {
  private var count = 0.0
  private var sum = 0.0
  private var squares = 0.0
  private var penalty = 0.0

  fileprivate mutating func add(squaredNorm: Float, penalty: Double) {
    count += 1
    sum += Double(squaredNorm).squareRoot()
    squares += Double(squaredNorm)
    self.penalty += penalty
  }

  /// Those of all ranks' pictures.
  func joined(_ nets: TrainingNets) -> GradientNorms {
    let sums = nets.sums([count, sum, squares, penalty])
    return GradientNorms(count: sums[0], sum: sums[1], squares: sums[2], penalty: sums[3])
  }

  static let columns = [MetricColumn.measured(penalty), .measured(mean), .measured(spread)]
  private static let penalty = "penalty"
  static let mean = "gradient_norm"
  private static let spread = "gradient_norm_spread"

  /// The penalty as the critic's loss has it; the norms' mean and standard deviation.
  var measured: [String: Float] {
    let mean = sum / count
    return [
      Self.penalty: Float(penalty), Self.mean: Float(mean),
      Self.spread: Float(max(0, squares / count - mean * mean).squareRoot()),
    ]
  }
}

extension TrainingNets {
  /// The buffers of an objective that declares a tangent pass.
  var penaltyBuffers: PenaltyBuffers {
    guard let penalty else { preconditionFailure("an objective with a penalty declares its tangent pass") }
    return penalty
  }

  /// Adds to the critic's gradients those of
  ///
  ///     Σ_n scoreFactors[n] * D(x_n) + share * penalty(||d D(x_n) / d x_n||)
  ///
  /// over the first `count` pictures x of `penaltyBuffers.pictures`, which are spent then.
  ///
  /// - Parameters:
  ///   - share: 1 / the pictures that the penalty is the mean of.
  ///   - accumulate: add to `gradients` instead of replacing them.
  ///   - norms: gets the pictures' norms.
  ///   - setScoreFactors: called between forward and backward with the scores; sets `penaltyBuffers.scoreFactors`.
  func addPenalisedGradient(
    _ penalty: GradientPenalty, count: Int, share: Double, accumulate: Bool, norms: inout GradientNorms,
    setScoreFactors: (_ scores: Slice) -> Void
  ) {
    let buffers = penaltyBuffers
    let pictures = buffers.pictures
    critic.forward(batch: count, input: pictures, statistics: .batch)
    setScoreFactors(critic.scores(batch: count))
    // From 1 at every score: each picture's own gradient, and the gradients of the layers that tangents meet.
    critic.backward(batch: count, input: pictures, from: .scores(1), parameterGradients: false, inputGradient: true)

    let recorder = device.recorder
    recorder?.begin("critic.input", .elementwise, .backward)
    critic.inputGradient.squaredNorms(batch: count, into: buffers.squaredNorms, on: device)
    for n in 0..<count {
      let term = penalty.term(squaredNorm: buffers.squaredNorms[n])
      buffers.gradientFactors[n] = Float(share * term.factor)
      norms.add(squaredNorm: buffers.squaredNorms[n], penalty: share * term.penalty)
    }
    pictures.setSum(
      pictures, buffers.scoreFactors, critic.inputGradient, buffers.gradientFactors, batch: count, on: device)
    recorder?.end()
    critic.tangent(batch: count, input: pictures, scoreFactors: buffers.scoreFactors, accumulate: accumulate)
  }
}
