// A run's folder, followed: what the page shows of it, read again where it has changed. Nothing is written, locked or
// kept open, so the run doesn't notice.

import Configuration
import SystemSupport
import Training
import WGAN

package struct RunFollower {
  package let paths: RunPaths
  package private(set) var metrics: MetricsFollower
  package private(set) var configuration: RunConfiguration?
  /// Generator steps that have a gallery, each with a number that changes when its file is replaced.
  package private(set) var galleries: [Gallery] = []
  package private(set) var checkpoints: [SavedCheckpoint] = []
  package private(set) var state = RunState.unknown
  package private(set) var realPictures: Gallery?
  /// Generator steps of the whole run; nil where it isn't known.
  package private(set) var totalSteps: Int?
  private var problems: [String: String] = [:]
  private var configurationStamp: FileStamp?
  private var samplesStamp: FileStamp?
  private var checkpointsStamp: FileStamp?
  private var picturesPerEpoch: Int?

  package struct Gallery: Sendable, Equatable {
    package var step: Int
    package var version: Int64
  }

  package struct SavedCheckpoint: Sendable, Equatable {
    package var name: String
    package var step: Int
    /// Of its samples from held-out pictures.
    package var distance: Float?
  }

  package init(_ path: String) {
    paths = RunPaths(path)
    metrics = MetricsFollower(paths.metrics)
  }

  package mutating func buckets(of column: String, _ steps: ClosedRange<Int>, most: Int) -> [MetricSeries.Bucket]? {
    metrics.buckets(of: column, steps, most: most)
  }

  /// Lines that a person should know of the folder.
  package var notes: [String] {
    var notes = problems.sorted { $0.key < $1.key }.map(\.value)
    if let problem = metrics.problem, state != .gone { notes.append(problem) }
    if metrics.damagedLines > 0 {
      let count = metrics.damagedLines
      notes.append(
        "metrics.csv has \(counted(count, "damaged line, which is", "damaged lines, which are")) left out"
      )
    }
    return notes
  }

  /// Looks at all there is. Where `metrics.isBehind`, there is more to read at once.
  package mutating func follow() {
    guard isFolder(paths.path) else {
      // What it was is shown on.
      state = .gone
      return
    }
    followConfiguration()
    metrics.follow()
    followGalleries()
    followCheckpoints()
    state = RunState(isHeld: RunClaim.isHeld(paths), step: metrics.lastStep, of: totalSteps, lastRow: lastRowAge)
  }

  private mutating func note(_ topic: String, _ body: (inout RunFollower) throws -> Void) {
    do {
      try body(&self)
      problems[topic] = nil
    } catch {
      problems[topic] = String(describing: error)
    }
  }

  private mutating func followConfiguration() {
    let stamp = FileStamp(paths.config)
    if stamp == configurationStamp && stamp != nil { return }
    configurationStamp = stamp
    note("config") { run in
      run.configuration = nil
      guard stamp != nil else { throw Failure(.missing, "\(run.paths.config): isn't there, or is a symbolic link") }
      run.configuration = try run.paths.configuration()
    }
    metrics.setConfiguration(configuration?.training)
    updateTotalSteps()
  }

  private mutating func followGalleries() {
    realPictures = FileStamp(paths.real).map { Gallery(step: 0, version: $0.modified) }
    let stamp = FileStamp(paths.samples)
    if stamp == samplesStamp { return }
    samplesStamp = stamp
    galleries = []
    note("samples") { run in
      if stamp == nil { return }
      run.galleries = try run.paths.galleries().compactMap { gallery in
        FileStamp(gallery.path).map { Gallery(step: gallery.generatorSteps, version: $0.modified) }
      }
    }
  }

  private mutating func followCheckpoints() {
    let folder = paths.checkpoints
    let stamp = FileStamp(folder.path)
    if stamp == checkpointsStamp { return }
    checkpointsStamp = stamp
    (checkpoints, picturesPerEpoch) = ([], nil)
    note("checkpoints") { run in
      if stamp == nil { return }
      let states = try folder.states().filter { $0.state.impossibleField == nil }
      run.picturesPerEpoch = states.last?.state.picturesPerEpoch
      run.checkpoints = states.map {
        SavedCheckpoint(name: $0.name, step: $0.state.position.generatorSteps, distance: $0.state.distance)
      }
    }
    updateTotalSteps()
  }

  // MARK: - Time

  private mutating func updateTotalSteps() {
    switch configuration?.length {
    case nil: totalSteps = nil
    case .generatorSteps(let count)?: totalSteps = count
    case .epochs?:
      guard let configuration, let pictures = picturesPerEpoch, pictures > 0 else {
        totalSteps = nil
        return
      }
      totalSteps =
        Schedule(configuration.training, picturesPerEpoch: pictures, length: configuration.length).steps.generator
    }
  }

  /// Generator steps a second, over the last rows.
  package var stepsPerSecond: Double? {
    guard let last = metrics.times.last, let first = metrics.times.suffix(100).first, last.seconds > first.seconds
    else { return nil }
    return Double(last.step - first.step) / (last.seconds - first.seconds)
  }

  /// Seconds since metrics.csv was written to, and those between two of its rows.
  private var lastRowAge: (seconds: Double, between: Double)? {
    guard let status = try? fileStatus(paths.metrics, followingLinks: false) else { return nil }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age = Double(now.tv_sec) - Double(status.modifiedNanoseconds) * 1e-9
    return (age, stepsPerSecond.map { 1 / $0 } ?? 10)
  }
}

/// What a run does at this moment, as far as can be seen from outside.
package enum RunState: String, Sendable, Encodable {
  case training, stopped, finished, unknown, gone

  /// - Parameters:
  ///   - isHeld: whether a process has the run's claim; nil: the system doesn't tell.
  ///   - lastRow: seconds since the last row, and those between two rows.
  package init(isHeld: Bool?, step: Int, of total: Int?, lastRow: (seconds: Double, between: Double)?) {
    let isFinished = total.map { step >= $0 } ?? false
    switch isHeld {
    case true?: self = .training
    case false?: self = isFinished ? .finished : .stopped
    case nil:
      // By the rows alone: many that should have come haven't.
      let isSilent = lastRow.map { $0.seconds > max(60, 20 * $0.between) } ?? false
      self = isFinished ? .finished : isSilent ? .stopped : .unknown
    }
  }
}
