// A run from its beginning, or from where it stopped, to its end: puts data, engine, folder and loop together.

import TensorFiles
import Configuration
import Compute
import Datasets
import Training
import SystemSupport
import Images

/// What a run tells while it's being prepared.
package enum PreparationEvent: Sendable {
  /// Something a person should know: a line, and what belongs to it, a line each.
  case notice(String, details: [String] = [])
  /// Something that is as it should be, and surprises all the same.
  case fact(String)
  case decoding(done: Int, total: Int)
  /// A time in generator steps; the run ends after `end` of them in all.
  case planned(TimeSpan, generatorSteps: Int, end: Int)
}

/// A run that is ready to train.
package struct TrainingRun {
  package let configuration: RunConfiguration
  package let paths: RunPaths
  /// Pictures that are trained on, and those kept from it.
  package let trainingPictures: Int
  package let heldOutPictures: Int
  /// Where it begins.
  package let start: CheckpointState

  /// A line for each convolution's pass: how it is computed, and why.
  package let methods: [String]
  private let claim: RunClaim
  private let dataset: Dataset
  private let trainer: Trainer
  /// This process's alone.
  private let device: Device
  /// The other ranks; nil: there are none.
  private let crew: RankCrew?

  /// Checks everything that can be wrong, in the order of how little it costs, and prepares the pictures. A new run's
  /// folder gets its config.json and real.png last, so a request that fails leaves nothing behind.
  ///
  /// - Parameter crew: the other ranks, where this is one of several: rank 0.
  /// - Throws: `Failure`, `ConfigurationError`, `PictureError`: each one clear line.
  package init(
    _ given: TrainingRequest, crew: RankCrew? = nil, report: @escaping @Sendable (PreparationEvent) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    self.crew = crew
    var request = given
    if request.resume, request.out == nil { request.out = try RunFolders.toResume(data: request.data) }
    let length: PlannedLength?
    var configuration: RunConfiguration
    (claim, length, configuration) = try Self.claimed(request, report)
    paths = claim.paths
    if let warning = claim.warning { report(.notice(warning)) }
    try crew?.check(configuration)
    device = try Device.fromEnvironment(threads: configuration.threads)
    let shared = device.joined(to: crew?.ranks, sharesNorms: crew?.sharesNorms ?? true)
    let plan = try TrainingPlan(configuration.training, on: shared)
    let (memoryOf, wanted) = (device, configuration)
    try plan.checkMemory(besides: { try RunMemory.besides($0, wanted, on: memoryOf) }, on: device)
    // Before the pictures, which take longer.
    let initialNets = InitialNets(configuration)
    if !request.resume { try initialNets.check() }
    methods = plan.critic.methods + plan.generator.methods
    dataset = try Self.prepared(configuration, report, isCancelled)
    trainingPictures = dataset.count(.training)
    heldOutPictures = dataset.count(.heldOut)
    if request.hasPresetsLength, length?.time == nil { Self.fitLength(&configuration, trainingPictures, report) }
    if !request.resume {
      try StartAdvice.refuseFew(
        trainingPictures, heldOut: heldOutPictures, of: configuration.data.joined(separator: ", "))
      let schedule = Schedule(configuration.training, picturesPerEpoch: trainingPictures, length: configuration.length)
      if let line = StartAdvice.heldOut(dataset, share: configuration.training.heldOut) { report(.fact(line)) }
      for line in try StartAdvice(dataset, schedule).lines { report(.notice(line)) }
    }
    // Only now: what rank 0 has prepared is there for those that share its disk.
    try crew?.prepare(configuration, dataset)
    // That may have taken long.
    try claim.check()
    // Before the trainer, which takes the same memory once more.
    var stepTimes: StepTimes?
    if length?.time != nil {
      try crew?.measure()
      stepTimes = try StepTimes(measuring: configuration.training, on: shared, isCancelled: isCancelled)
    }
    trainer = Trainer(plan, on: shared)
    if request.beginAnew {
      configuration.pictureChanges = []
      for place in try claim.setAside() { report(.notice("kept: \(place)")) }
    }
    let change: PictureChange?
    (start, change) = try Self.restored(trainer, paths, configuration, dataset, request, report)
    if start.position == RunPosition() { try initialNets.set(trainer) }
    if let time = length?.time, let stepTimes {
      let steps = stepTimes.generatorSteps(
        in: time, of: configuration.training, picturesPerEpoch: trainingPictures, from: start.position)
      let end = start.position.generatorSteps + steps
      configuration.length = .generatorSteps(end)
      report(.planned(time, generatorSteps: steps, end: end))
    }
    let schedule = Schedule(configuration.training, picturesPerEpoch: trainingPictures, length: configuration.length)
    // A run that is asked to end before where it is trains nothing, and keeps what it had for a length.
    let trains = !request.resume || schedule.batchesLeft(from: start.position) > 0
    if trains, let change {
      configuration.pictureChanges.append(change)
      // What the changes were told of.
      try PictureList.setAside(paths.pictures)
    }
    self.configuration = configuration
    if request.resume, let line = try Self.shorterPlan(configuration, paths, at: start.position) {
      report(.notice(line))
    }
    if trains, request.resume { try Self.keepEnd(start.position, paths, trainingPictures, report) }
    if trains { try claim.write(configuration) }
    if start.position == RunPosition() || !fileExists(paths.pictures) {
      try PictureList.write(dataset, to: paths.pictures)
    }
    if start.position == RunPosition() {
      let some = try dataset.samples(12, seed: configuration.training.seed)
      try PNGEncoder.write(Gallery.compose(some, columns: 4), to: paths.real)
    }
  }

  /// All of its steps, those that are done included.
  package var stepsOfRun: (critic: Int, generator: Int) {
    Schedule(configuration.training, picturesPerEpoch: trainingPictures, length: configuration.length).steps
  }

  /// How many processes train it together; nil: this one alone.
  package var ranks: Int? { crew?.ranks.count }

  /// What its samples will show when.
  package var expectations: [Expectation] { Expectation.of(configuration.training) }

  /// Trains to the end, or until `shouldStop`; see `TrainingLoop.run`.
  /// - Throws: also `Failure(.diverged)`.
  package func train(shouldStop: () -> Bool, report: (TrainingEvent) -> Void) throws -> TrainingSummary {
    let rollback = RunRollback(configuration, claim, trainer)
    let advice = TrainingAdvice(configuration.training)
    var start = start
    while true {
      do {
        return try train(from: start, advice, shouldStop: shouldStop, report: report)
      } catch let divergence as Divergence {
        // On all ranks: they have the same numbers.
        crew?.trained()
        start = try rollback.goBack(after: divergence, from: start, notice: { report(.advice($0)) }) {
          try InitialNets(configuration).set(trainer)
          return Self.beginning(dataset)
        }
        let present = Self.beginning(dataset)
        if start.dataFingerprint != present.dataFingerprint {
          // From before the pictures were changed.
          start = start.onPictures(
            of: present,
            Schedule(configuration.training, picturesPerEpoch: trainingPictures, length: configuration.length))
        }
        let times = start.rollbacks?.count ?? 0
        report(
          .advice(
            "\(divergence): back to generator step \(start.position.generatorSteps), with halved learning rates "
              + "(rollback \(times) of at most \(RunRollback.limit))"))
      }
    }
  }

  private func train(
    from start: CheckpointState, _ advice: TrainingAdvice, shouldStop: () -> Bool, report: (TrainingEvent) -> Void
  ) throws -> TrainingSummary {
    let training = configuration.training
    let ranks = crew?.ranks
    let parts = try TrainingParts(configuration, dataset, start.position, ranks: ranks)
    if let steps = parts.stepsOfDecay { trainer.generatorStepsOfRun = steps }
    let journal = try RunJournal(claim, configuration, of: trainer, from: start, on: device)
    func tellNotices() { for line in journal.takeNotices() { report(.advice(line)) } }
    tellNotices()
    let loop = TrainingLoop(
      schedule: parts.schedule, start: start.trainingState, sampleEvery: configuration.sampleEvery,
      checkpointEvery: configuration.checkpointEvery, keepEvery: configuration.keepEvery, heldOut: parts.heldOut,
      judge: configuration.evaluateEvery > 0
        ? try SampleDistances(of: dataset, training, by: journal.sampler, on: device) : nil,
      evaluateEvery: configuration.evaluateEvery, journal: journal, advice: advice)
    try crew?.train(configuration, from: start, trainer)
    var summary = try loop.run(
      engine: trainer, batches: parts.batches,
      shouldStop: { ranks?.any(shouldStop()) ?? shouldStop() }
    ) { event in
      report(event)
      if case .checkpointSaved = event { tellNotices() }
    }
    crew?.trained()
    try crew?.compare(trainer)
    if !summary.stopped, summary.generatorSteps > 0 {
      let outlook = RunOutlook(
        journal.curves, configuration, heldOut: heldOutPictures, steps: summary.position.generatorSteps)
      report(.verdict(outlook.line(paths)))
    }
    if let gallery = summary.gallery, training.size <= Self.smallSize {
      do {
        summary.gallery = try enlarge(gallery)
      } catch {
        report(.advice("the last gallery isn't enlarged: \(error)"))
      }
    }
    return summary
  }

  /// Pictures of so many pixels a side at most are too small to be looked at.
  private static let smallSize = 32

  /// Twice as wide and high, in a file of its own: galleries stay of one size.
  /// - Returns: its path.
  private func enlarge(_ gallery: String) throws -> String {
    try claim.check()
    let picture = try PictureDecoder.decode(path: gallery, channels: configuration.training.channels, shortSide: nil)
    try PNGEncoder.write(picture.enlarged(by: 2), to: paths.final)
    return paths.final
  }
}

// MARK: - The configuration

extension TrainingRun {
  /// The run's folder, claimed, its length, and its configuration, checked. A length that is a time isn't in the
  /// configuration yet.
  private static func claimed(
    _ request: TrainingRequest, _ report: (PreparationEvent) -> Void
  ) throws -> (RunClaim, PlannedLength?, RunConfiguration) {
    let claim: RunClaim
    var length = request.length
    let configuration: RunConfiguration
    if request.resume, let out = request.out {
      claim = try RunClaim.open(out)
      configuration = try resumed(request, at: out)
      if !request.beginAnew {
        // By the file's own word, not by what the flags change.
        if let line = try claim.checkStates(claim.paths.configuration()) { report(.notice(line)) }
      }
    } else {
      (length, configuration) = try new(request)
      claim =
        try request.out.map { try RunClaim.create(at: $0, goOn: goOn(request, at: $0)) }
        ?? RunClaim.createNext(for: configuration.data)
    }
    try configuration.validate()
    return (claim, length, configuration)
  }

  private static func new(_ request: TrainingRequest) throws -> (PlannedLength, RunConfiguration) {
    // Before a folder is made: a mistyped path is the commonest mistake.
    let (length, configuration) = try request.resolved()
    if configuration.data.isEmpty { throw Failure(.usage, "--data is needed: \(DatasetSource.kinds)") }
    try DatasetSource.refusePathInPieces(request.data)
    _ = try DatasetSource(arguments: configuration.data)
    return (length, configuration)
  }

  /// More steps than the preset's epochs are of few pictures.
  private static func fitLength(
    _ configuration: inout RunConfiguration, _ pictures: Int, _ report: (PreparationEvent) -> Void
  ) {
    let training = configuration.training
    guard case .epochs(let epochs) = configuration.length,
      let length = PlannedLength.fitting(configuration.length, training, picturesPerEpoch: pictures),
      case .generatorSteps(let steps) = length
    else { return }
    let few = Schedule(training, picturesPerEpoch: pictures, length: configuration.length).steps.generator
    configuration.length = length
    report(
      .fact(
        "the preset's \(epochs) epochs are \(counted(few, "generator step")) of \(counted(pictures, "picture")), too "
          + "few to learn anything: the run has \(steps); give --for, --generator-steps or --epochs for another one"))
  }

  /// What was typed for a new run, as it would go on with the one that is there; nil where it can't.
  private static func goOn(_ request: TrainingRequest, at out: String) -> String? {
    guard request.base == nil, (try? resumed(request, at: out)) != nil else { return nil }
    return typedCommand(and: "--resume")
  }

  private static func resumed(_ request: TrainingRequest, at out: String) throws -> RunConfiguration {
    var configuration = try RunPaths(out).configuration()
    try ConfigurationOverride.refuseReplaced(request.overrides)
    try configuration.training.refuseContradictions(
      ConfigurationOverride.list(preset: request.preset, request.overrides), path: out)
    if request.initialGenerator != nil || request.initialCritic != nil {
      throw Failure(
        .usage, "--init-generator and --init-critic begin a run, and --resume goes on with the one in \(out)")
    }
    // The pictures may have moved; that they are the same ones is checked against the checkpoint.
    if !request.data.isEmpty { configuration.data = request.absoluteData }
    if let cache = request.cache { configuration.cache = absolutePath(cache) }
    try request.length?.check()
    if let length = request.length?.runLength { configuration.length = length }
    try configuration.training.refuseWithoutEffect(request.runOverrides)
    return configuration.overridden(by: request.runOverrides)
  }
}

// MARK: - The pictures

extension TrainingRun {
  /// The data set, all of it decoded; what can't be used is told.
  private static func prepared(
    _ configuration: RunConfiguration, _ report: @escaping @Sendable (PreparationEvent) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> Dataset {
    let training = configuration.training
    let dataset = try Dataset(
      DatasetSource(arguments: configuration.data),
      DatasetOptions(training, threads: configuration.threads, cache: configuration.cache),
      progress: { report(.decoding(done: $0, total: $1)) }, isCancelled: isCancelled)
    for note in dataset.notes { report(.notice(note)) }
    tell(dataset.badFiles, of: configuration.data, report)
    return dataset
  }

  private static func tell(_ badFiles: [BadFile], of data: [String], _ report: (PreparationEvent) -> Void) {
    if badFiles.isEmpty { return }
    let words = data.map { shellFlag("--data", $0) } + ["--report bad-files.txt"]
    let all = ": \(toolCommand("data scan " + words.joined(separator: " "))) names them all"
    report(
      .notice(
        "\(counted(badFiles.count, "file")) can't be used and will be skipped:",
        details: badFiles.lines(rest: all)))
  }
}

// MARK: - The state

extension TrainingRun {
  /// Where the run begins: a new one at its beginning, a resumed one at its newest whole checkpoint, which the trainer
  /// gets. And what is to be written down where it goes on with other pictures.
  private static func restored(
    _ trainer: Trainer, _ paths: RunPaths, _ configuration: RunConfiguration, _ dataset: Dataset,
    _ request: TrainingRequest, _ report: (PreparationEvent) -> Void
  ) throws -> (CheckpointState, PictureChange?) {
    let beginning = beginning(dataset)
    if !request.resume || request.beginAnew { return (beginning, nil) }
    var broken = BrokenCheckpoints()
    guard var state = try newest(trainer, paths, configuration, dataset, &broken, report) else {
      report(.notice("\(paths.path): has no checkpoint yet, the run begins anew"))
      return (beginning, nil)
    }
    var change: PictureChange?
    if state.dataFingerprint != beginning.dataFingerprint || state.picturesPerEpoch != beginning.picturesPerEpoch {
      change = try accepted(dataset, after: state, paths, configuration, request, report)
      let schedule = Schedule(
        configuration.training, picturesPerEpoch: beginning.picturesPerEpoch, length: configuration.length)
      state = state.onPictures(of: beginning, schedule)
    }
    if let before = state.contentFingerprint, before != beginning.contentFingerprint {
      // Another library may decode the same file to other pixels, so this is no error.
      report(
        .notice(
          "\(configuration.data.joined(separator: ", ")): pictures of the same names and sizes have other pixels than "
            + "before: the run goes on with them, and isn't bit for bit the one that it was"))
    }
    state.contentFingerprint = beginning.contentFingerprint
    trainer.rateHalvings = state.rollbacks?.count ?? 0
    // Out of the way of those that will be written.
    broken.names.forEach(paths.checkpoints.setAside)
    return (state, change)
  }

  /// The newest whole checkpoint of this configuration, which the trainer gets; nil where there is none.
  private static func newest(
    _ trainer: Trainer, _ paths: RunPaths, _ configuration: RunConfiguration, _ dataset: Dataset,
    _ broken: inout BrokenCheckpoints, _ report: (PreparationEvent) -> Void
  ) throws -> CheckpointState? {
    let batches = dataset.batchesPerEpoch(batchSize: configuration.training.batchSize)
    var otherConfiguration: Failure?
    do {
      let newest = try paths.checkpoints.newest(
        use: { state, checkpoint in
          if let difference = configuration.training.difference(from: checkpoint.provenance.configuration) {
            let failure = Failure(
              .badData,
              "\(paths.config): isn't the configuration that \(checkpoint.path) was trained with: \(difference)")
            otherConfiguration = otherConfiguration ?? failure
            throw failure
          }
          // Of other pictures it is said later.
          if state.position.batch > batches, state.picturesPerEpoch == dataset.count(.training) {
            throw Failure(.badData, "\(checkpoint.path): \"position.batch\" is past the epoch's end")
          }
          try trainer.restore(state, from: checkpoint)
        }, broken: { broken.append($0, $1) })
      broken.linesOfTaken.forEach { report(.notice($0)) }
      return newest?.state
    } catch let failure as Failure where failure.kind == .badData {
      // One that differs from all is the one that was changed.
      if let otherConfiguration { throw otherConfiguration }
      broken.linesOfNone.forEach { report(.notice($0)) }
      throw failure
    }
  }

  /// What is said of a run that goes on and now ends before it was planned to: somebody may have meant "so long more".
  private static func shorterPlan(
    _ configuration: RunConfiguration, _ paths: RunPaths, at position: RunPosition
  ) throws -> String? {
    guard case .generatorSteps(let before) = try paths.configuration().length,
      case .generatorSteps(let now) = configuration.length, now < before, position.generatorSteps < before
    else { return nil }
    return "the run was planned to end at generator step \(before), and now ends at \(now): "
      + toolCommand("train \(shellFlag("--out", paths.path)) --resume --generator-steps \(before)")
      + " goes on to where it was to end"
  }

  /// Keeps the state of a run that was done, by the length that it had, and goes on.
  private static func keepEnd(
    _ position: RunPosition, _ paths: RunPaths, _ picturesPerEpoch: Int, _ report: (PreparationEvent) -> Void
  ) throws {
    if position.generatorSteps == 0 { return }
    let before = try paths.configuration()
    let schedule = Schedule(before.training, picturesPerEpoch: picturesPerEpoch, length: before.length)
    if schedule.batchesLeft(from: position) > 0 { return }
    guard let name = try paths.checkpoints.markEnd(generatorSteps: position.generatorSteps) else { return }
    report(
      .fact(
        "the run was done at generator step \(position.generatorSteps), and that state is kept: "
          + toolCommand("generate \(shellFlag("--run", paths.path)) --checkpoint \(name) --grid before.png")))
  }

  /// Other pictures than those of `state`, which somebody has accepted.
  /// - Returns: what is to be written down; nil where it is already.
  /// - Throws: where nobody has accepted them.
  private static func accepted(
    _ dataset: Dataset, after state: CheckpointState, _ paths: RunPaths, _ configuration: RunConfiguration,
    _ request: TrainingRequest, _ report: (PreparationEvent) -> Void
  ) throws -> PictureChange? {
    let (now, before) = (dataset.count(.training), state.picturesPerEpoch)
    let fingerprint = beginning(dataset).dataFingerprint
    if configuration.pictureChanges.last?.fingerprint == fingerprint { return nil }
    let changes =
      (now == before ? "" : " (\(now) to train on, it had \(before))")
      + PictureList.changes(of: dataset, since: paths.pictures)
    guard request.acceptNewData else {
      throw Failure(
        .badData,
        "\(configuration.data.joined(separator: ", ")): has other pictures than when the run began\(changes): put them "
          + "back, give their new place as --data, begin a new run, or go on with those that are there now: "
          + resumeCommand(out: paths.path, and: "--accept-new-data"))
    }
    report(.notice("goes on with other pictures from generator step \(state.position.generatorSteps) on\(changes)"))
    return PictureChange(
      generatorSteps: state.position.generatorSteps, fingerprint: fingerprint,
      changes: String(changes.drop { ": ".contains($0) }))
  }

  private static func beginning(_ dataset: Dataset) -> CheckpointState {
    var state = CheckpointState(
      position: RunPosition(), seconds: 0, picturesPerEpoch: dataset.count(.training),
      dataFingerprint: String(dataset.fingerprint, radix: 16), criticLosses: .none)
    state.contentFingerprint = String(dataset.contentFingerprint, radix: 16)
    return state
  }
}

/// The nets that begin with a file's weights.
private struct InitialNets {
  private let configuration: RunConfiguration

  init(_ configuration: RunConfiguration) { self.configuration = configuration }

  /// - Throws: `Failure`, `NetworkError` where a file isn't there, isn't such a net's, or isn't finite.
  func check() throws { try forEach { _, file, weights in _ = try weights.tensors(of: file) } }

  func set(_ trainer: Trainer) throws {
    try forEach { role, file, weights in try trainer.setNets([role], from: weights.tensors(of: file)) }
  }

  private func forEach(_ body: (NetRole, borrowing WeightsFile, NetWeights) throws -> Void) throws {
    for role in NetRole.allCases {
      guard let path = configuration.initialWeights(role) else { continue }
      let file = try WeightsFile(at: path)
      try body(role, file, NetWeights(in: file, for: role, of: configuration.training))
    }
  }
}
