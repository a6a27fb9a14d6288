// Whether a run was long enough: what its end says. Of any pictures, so by what was measured: whether samples still
// came nearer to held-out pictures. Where too little was measured, by what portraits take, where somebody has looked.

import Statistics
import SystemSupport

package struct RunOutlook: Sendable, Equatable {
  package enum Verdict: Sendable, Equatable {
    /// Samples came nearer by that share in the last quarter of the run.
    case nearer(Double)
    /// They stayed about where they were, or went away by that share.
    case settled
    case farther(Double)
    /// Too little was measured. What portraits show next, if that is known.
    case unknown(Expectation?)
  }

  package let verdict: Verdict
  private let steps: Int

  /// Evaluations whose halves can be compared.
  private static let enough = 8
  /// Two medians that differ by less are the same: samples are few while a run trains.
  private static let noise = 0.05

  /// Held-out pictures whose distance says anything. Of 75 blotches were nearer than the soft faces that came later.
  private static let enoughPictures = 200

  /// - Parameters:
  ///   - heldOut: pictures that the distances are from.
  ///   - steps: generator steps of the run so far.
  package init(_ curves: LossCurves, _ configuration: RunConfiguration, heldOut: Int, steps: Int) {
    self.steps = steps
    verdict =
      (heldOut >= Self.enoughPictures ? Self.trend(curves.distances) : nil)
      ?? .unknown(Expectation.of(configuration.training).first { $0.generatorSteps > steps })
  }

  /// The last quarter's distances and those of the quarter before.
  private static func trend(_ distances: [LossCurves.Point]) -> Verdict? {
    let values = distances.map(\.value).filter(\.isFinite)
    let quarter = values.count / 4
    guard values.count >= enough, let last = median(values.suffix(quarter)),
      let before = median(values.dropLast(quarter).suffix(quarter)), before > 0
    else { return nil }
    let gain = 1 - Double(last / before)
    return gain > noise ? .nearer(gain) : gain < -noise ? .farther(-gain) : .settled
  }

  /// One line that ends with what to do.
  package func line(_ paths: RunPaths) -> String {
    func goOn(to end: Int) -> String {
      "go on with: " + toolCommand("train \(shellFlag("--out", paths.path)) --resume --generator-steps \(end)")
    }
    func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
    switch verdict {
    case .nearer(let gain):
      return "the run could be longer: in its last quarter samples came \(percent(gain)) nearer to held-out pictures "
        + "(swd); \(goOn(to: 2 * steps))"
    case .settled:
      return "the run was long enough for what it can learn: in its last quarter samples came no nearer to held-out "
        + "pictures (swd); more pictures or wider nets (--features) may bring more"
    case .farther(let loss):
      return
        "in the run's last quarter samples went \(percent(loss)) away from held-out pictures (swd); the nearest are "
        + "drawn by: " + toolCommand("generate \(shellFlag("--run", paths.path)) --checkpoint best --grid best.png")
    case .unknown(let next?):
      return "\(counted(steps, "generator step is", "generator steps are")) few: of portraits, \(next.shows) take "
        + "about \(next.generatorSteps); " + goOn(to: next.generatorSteps)
    case .unknown(nil):
      // Twice a handful is a handful.
      let more = max(2 * steps, 1000)
      return "whether \(counted(steps, "generator step was", "generator steps were")) enough wasn't measured: "
        + "look at the samples; to go on: "
        + toolCommand("train \(shellFlag("--out", paths.path)) --resume --generator-steps \(more)")
    }
  }
}
