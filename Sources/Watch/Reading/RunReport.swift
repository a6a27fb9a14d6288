// What the page is told of a run, as JSON: once when it opens, then whenever it has changed.

import Configuration
import SystemSupport
import WGAN

struct RunReport: Encodable {
  let run: String
  let state: RunState
  let step: Int
  let totalSteps: Int?
  let epoch: Int?
  let totalEpochs: Int?
  /// Of training.
  let seconds: Double?
  let stepsPerSecond: Double?
  let secondsLeft: Double?
  /// Changes where what was told of the curves counts no more.
  let generation: Int
  let rows: Int
  /// How much of metrics.csv was read, from 0 to 1.
  let isRead: Double
  /// The last value of each column.
  let last: [String: Float]
  let warnings: [Warning]
  let notes: [String]
  let expectations: [Milestone]
  let galleries: Galleries
  let checkpoints: [SavedCheckpoint]

  struct Warning: Encodable {
    let step: Int
    let text: String
  }

  struct Milestone: Encodable {
    let step: Int
    let shows: String
  }

  struct Galleries: Encodable {
    let count: Int
    let last: Int?
    /// Changes with any of them.
    let version: String
  }

  struct SavedCheckpoint: Encodable {
    let name: String
    let step: Int
    let distance: Float?
  }

  init(_ follower: RunFollower) {
    let metrics = follower.metrics
    run = follower.paths.path
    state = follower.state
    step = metrics.lastStep
    totalSteps = follower.totalSteps
    epoch = metrics.last["epoch"].flatMap { Int(exactly: $0) }
    if case .epochs(let count)? = follower.configuration?.length { totalEpochs = count } else { totalEpochs = nil }
    seconds = metrics.times.last?.seconds
    stepsPerSecond = follower.stepsPerSecond
    if let total = totalSteps, let speed = stepsPerSecond, speed > 0, state == .training || state == .unknown {
      secondsLeft = Double(max(0, total - step)) / speed
    } else {
      secondsLeft = nil
    }
    generation = metrics.generation
    rows = metrics.rows
    isRead = metrics.size > 0 ? Double(metrics.place) / Double(metrics.size) : 1
    last = metrics.last
    warnings = Self.warnings(metrics)
    notes = follower.notes
    expectations = (follower.configuration.map { Expectation.of($0.training) } ?? []).map {
      Milestone(step: $0.generatorSteps, shows: $0.shows)
    }
    let all = follower.galleries + [follower.realPictures].compactMap(\.self)
    galleries = Galleries(
      count: follower.galleries.count, last: follower.galleries.last?.step,
      version: "\(all.count)-\(all.map(\.version).max() ?? 0)")
    checkpoints = follower.checkpoints.map { SavedCheckpoint(name: $0.name, step: $0.step, distance: $0.distance) }
  }

  /// What the rows say, and what the last one does.
  private static func warnings(_ metrics: MetricsFollower) -> [Warning] {
    var warnings = metrics.advice.map { Warning(step: $0.step, text: $0.line) }
    let broken = metrics.last.filter { !$0.value.isFinite }.map(\.key).sorted()
    if !broken.isEmpty {
      warnings.append(
        Warning(step: metrics.lastStep, text: "\(broken.joined(separator: ", ")) isn't finite: training diverges"))
    }
    if let times = metrics.last["rollbacks"], times > 0 {
      warnings.append(
        Warning(
          step: metrics.lastStep,
          text: "training diverged, and the run went back "
            + "\(counted(Int(exactly: times) ?? 1, "time")) to a checkpoint, each with halved learning rates"))
    }
    return warnings
  }
}
