// A run's saved states. Each is two files: all tensors in safetensors, and a small JSON state that gets its name last,
// so a state that has its JSON is complete. Both are written under a temporary name, synced and renamed.

import Training
import TensorFiles
import Configuration
import Graph
import SystemSupport

/// All of a run's state that isn't a tensor. (Random numbers are keyed by seed and step, so these counters are the
/// generators' state too.)
package struct CheckpointState: Codable, Sendable, Equatable {
  package var version = wganVersion
  package var position: RunPosition
  /// Of training, over all the parts of an interrupted run.
  package var seconds: Double
  /// What an epoch had when this was saved: other pictures would make it another run.
  package var picturesPerEpoch: Int
  /// Of the pictures' names and sizes, hexadecimal.
  package var dataFingerprint: String
  /// Of their pixels as they are prepared, hexadecimal; nil: in files of earlier versions.
  package var contentFingerprint: String?
  /// Of the last critic step.
  package var realLoss: Float
  package var fakeLoss: Float
  /// What it minimised; nil: the difference of the two.
  package var criticLoss: Float?
  /// What else the objective measured in it; nil: nothing.
  package var measured: [String: Float]?
  /// Never removed; nil: when it isn't one of the last few any more.
  package var kept: Bool?
  /// The run had ended here, and goes on: kept until it goes on from another end; nil: it hadn't.
  package var wasEnd: Bool?
  /// Of its samples from held-out pictures, the mean over the scales; nil: not measured of this very state.
  package var distance: Float?
  /// How often the run has gone back, each time with halved learning rates; nil: never.
  package var rollbacks: [Rollback]?

  package init(
    position: RunPosition, seconds: Double, picturesPerEpoch: Int, dataFingerprint: String, criticLosses: CriticLosses
  ) {
    self.position = position
    self.seconds = seconds
    self.picturesPerEpoch = picturesPerEpoch
    self.dataFingerprint = dataFingerprint
    realLoss = criticLosses.real
    fakeLoss = criticLosses.fake
    let difference = criticLosses.real - criticLosses.fake
    criticLoss =
      criticLosses.loss == difference || criticLosses.loss.isNaN && difference.isNaN ? nil : criticLosses.loss
    measured = criticLosses.measured.isEmpty ? nil : criticLosses.measured
  }

  package var criticLosses: CriticLosses {
    CriticLosses(real: realLoss, fake: fakeLoss, loss: criticLoss, measured: measured ?? [:])
  }

  package var trainingState: TrainingState {
    TrainingState(position: position, seconds: seconds, criticLosses: criticLosses)
  }

  /// What no run can have, by the field's name; nil: nothing. Numbers from a file can be anything, and what counts on
  /// them would overflow.
  package var impossibleField: String? {
    let limit = 1 << 48
    let counters = [
      ("position.epoch", position.epoch), ("position.batch", position.batch),
      ("position.criticStepsInPhase", position.criticStepsInPhase), ("position.criticSteps", position.criticSteps),
      ("position.generatorSteps", position.generatorSteps), ("picturesPerEpoch", picturesPerEpoch),
    ]
    if let counter = counters.first(where: { !(0..<limit ~= $0.1) }) { return counter.0 }
    // A million years.
    if !(0...3e13 ~= seconds) { return "seconds" }
    if position.criticStepsInPhase > position.criticSteps { return "position.criticStepsInPhase" }
    return nil
  }

  /// Without what hangs on the clock, and on flags that change no number of the run: what stands in the file of
  /// tensors, too, whose bits are the same for every run of the same values.
  fileprivate var determined: CheckpointState {
    var state = self
    (state.version, state.seconds, state.kept, state.distance) = ("", 0, nil, nil)
    state.wasEnd = nil
    return state
  }

  /// The first field of the two states of one file that isn't the same: "position.batch". Nobody changes one of these
  /// on purpose.
  fileprivate func field(differingFrom other: CheckpointState) throws -> String? {
    let (own, others) = try (RunJSON.tree(determined), RunJSON.tree(other.determined))
    return own.difference(from: others)?.joined(separator: ".")
  }

  /// A later state of the same run, on the same pictures.
  func following(_ state: TrainingState) -> CheckpointState {
    var next = CheckpointState(
      position: state.position, seconds: state.seconds, picturesPerEpoch: picturesPerEpoch,
      dataFingerprint: dataFingerprint, criticLosses: state.criticLosses)
    next.contentFingerprint = contentFingerprint
    next.distance = state.distances[SampleDistances.mean]
    next.rollbacks = rollbacks
    return next
  }
}

/// A run that had diverged went back to a state that it had saved.
package struct Rollback: Codable, Sendable, Equatable {
  /// That state's.
  package var generatorSteps: Int
  /// What had happened, a line.
  package var reason: String
}

/// A saved state, read back.
package struct Checkpoint: Sendable {
  /// The safetensors file.
  package var path: String
  package var provenance: Provenance
  package var tensors: TensorSet
  /// What `write` has put into the file itself; a run's state is in the JSON beside it.
  private let stateInside: String?
  /// What the file says of the state beside it; nil: in files of earlier versions.
  private let determinedState: String?

  /// The groups of tensors to read, told what the checkpoint was trained with; nil: all.
  package typealias Groups = (TrainingConfiguration) -> [String]?

  /// A safetensors file by itself; it holds the configuration too.
  /// - Throws: `Failure`, also where a tensor that was asked for isn't finite.
  package init(at path: String, groups: Groups = { _ in nil }) throws {
    let file = try SafetensorsFile(at: path)
    guard let provenance = try Provenance(metadata: file.metadata, source: path) else {
      throw Failure(.badData, "\(path): isn't a checkpoint of wgan: its metadata has no configuration")
    }
    self.provenance = provenance
    self.path = path
    stateInside = file.metadata[Self.stateKey]
    determinedState = file.metadata[Self.determinedStateKey] ?? stateInside
    tensors = try file.tensors(groups: groups(provenance.configuration))
    try tensors.refuseNonFinite(path)
  }

  /// One net's tensors under its own names, checked against the net before anything of its size is allocated.
  /// - Parameter live: not the averaged generator's.
  /// - Throws: `Failure(.badData)`, `NetworkError`.
  func tensors(of role: NetRole, live: Bool) throws -> TensorSet {
    let parameters = ParameterTable(try provenance.configuration.network(role).fused())
    do {
      return try parameters.tensors(of: provenance.configuration.group(of: role, live: live), in: tensors)
    } catch {
      throw Failure(error.kind, "\(path): \(error)")
    }
  }

  private static let stateKey = "state"
  private static let determinedStateKey = "determined_state"

  /// Writes a state as one file by itself.
  /// - Throws: `Failure`.
  static func write(
    _ state: CheckpointState, tensors: TensorSet, configuration: TrainingConfiguration, to path: String
  ) throws {
    try tensors.refuseNonFinite(path, as: .diverged)
    var metadata = try metadata(of: state, configuration)
    metadata[stateKey] = metadata.removeValue(forKey: determinedStateKey)
    metadata[stateKey] = String(decoding: try RunJSON.encode(state), as: UTF8.self)
    try Safetensors.write(tensors, metadata: metadata, to: path)
  }

  fileprivate static func metadata(of state: CheckpointState, _ configuration: TrainingConfiguration) throws
    -> [String: String]
  {
    try Provenance(
      configuration: configuration, generatorSteps: state.position.generatorSteps,
      criticSteps: state.position.criticSteps
    ).metadata.merging([
      "format": "wgan", determinedStateKey: String(decoding: RunJSON.encode(state.determined), as: UTF8.self),
    ]) { $1 }
  }

  /// All that isn't a tensor: from the file itself, or else from the JSON that a run keeps beside it.
  /// - Throws: `Failure`.
  package func state() throws -> CheckpointState {
    let suffix = ".safetensors"
    let beside = (path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path) + ".json"
    if let stateInside { return try state(from: Array(stateInside.utf8), source: path) }
    guard fileExists(beside) else {
      throw Failure(
        .missing,
        "\(path): isn't a whole state: the counters that a run keeps beside it, in \(splitPath(beside).name), "
          + "aren't there"
      )
    }
    return try state(from: readFile(beside, limit: 1 << 20), source: beside)
  }

  fileprivate func state(from bytes: [UInt8], source: String) throws -> CheckpointState {
    let state = try RunJSON.decode(CheckpointState.self, from: bytes, source: source)
    if let field = state.impossibleField {
      throw Failure(.badData, "\(source): \"\(field)\" has a value that isn't possible")
    }
    guard provenance.generatorSteps == state.position.generatorSteps,
      provenance.criticSteps == state.position.criticSteps
    else { throw Failure(.badData, "\(source): belongs to another state than \(path)") }
    if let determinedState {
      let inside = try RunJSON.decode(CheckpointState.self, from: Array(determinedState.utf8), source: path)
      if let field = try state.field(differingFrom: inside) {
        throw Failure(.badData, "\(source): \"\(field)\" isn't what \(path) says inside: one of them was changed")
      }
    }
    return state
  }
}

/// The folder `checkpoints`.
package struct CheckpointFolder: Sendable {
  /// So many are kept.
  package static let kept = 3

  package let path: String

  package init(_ path: String) { self.path = path }

  /// Saves a state, then removes all but the last `kept`, the last one of the plan, the best one, the last one where
  /// the run had ended before, and those that are kept for good. A state that isn't finite is refused, and nothing is
  /// removed for it.
  /// - Returns: the safetensors file's path.
  @discardableResult
  package func save(
    _ state: CheckpointState, tensors: TensorSet, configuration: TrainingConfiguration,
    plan: CheckpointPlan = CheckpointPlan()
  ) throws -> String {
    let key = Key(state.position)
    let tensorsPath = joinPath(path, key.name + Self.tensorsSuffix)
    try tensors.refuseNonFinite(tensorsPath, as: .diverged)
    var state = state
    if key.isForGood(plan) { state.kept = true }
    let statePath = joinPath(path, key.name + Self.stateSuffix)
    let isNew = !(try isThere(statePath))
    if isNew { try keep(tensorsPath) }
    // Written before the tensors have their name: who is killed between the two names leaves all that `completeSaves`
    // needs.
    let stateFile = try AtomicFile(at: statePath)
    try stateFile.write(try RunJSON.encode(state))
    try Safetensors.write(tensors, metadata: Checkpoint.metadata(of: state, configuration), to: tensorsPath)
    do {
      try stateFile.commit()
    } catch {
      // Else they'd be taken for tensors that somebody has left.
      if isNew { removeFile(tensorsPath) }
      throw error
    }
    for old in try superfluous(plan) { remove(old) }
    return tensorsPath
  }

  /// Takes tensors that no state goes with out of the way of those that will be written.
  private func keep(_ tensorsPath: String) throws {
    guard try isThere(tensorsPath) else { return }
    let place = freePath(tensorsPath + Self.keptSuffix)
    do {
      try renameFile(tensorsPath, to: place)
    } catch {
      throw Failure(.inputOutput, tensorsPath, "can't be renamed", error)
    }
  }

  /// Of tensors whose JSON is missing, once the run saves the same step again.
  package static let keptSuffix = ".kept"

  private static let stateSuffix = ".json"
  private static let tensorsSuffix = ".safetensors"

  /// Gives the states their names whose process was killed when the tensors had theirs and the JSON hadn't yet.
  package func completeSaves() {
    for name in (try? folderNames(path)) ?? [] where TemporaryName.matches(name) {
      // ".000500.json.PROCESS-NUMBER.partial"
      guard let end = name.firstRange(of: Self.stateSuffix + "."), let key = Key(name[..<end.lowerBound].dropFirst()),
        fileExists(joinPath(path, key.name + Self.tensorsSuffix)),
        (try? isThere(joinPath(path, key.name + Self.stateSuffix))) == false,
        let state = state(inFile: joinPath(path, name)), Key(state.position) == key
      else { continue }
      try? renameFile(joinPath(path, name), to: joinPath(path, key.name + Self.stateSuffix))
      syncFolder(path)
    }
  }

  /// Marks the state at which a run had ended that goes on now: who doesn't like what comes of it has this one still.
  /// - Returns: what a person calls it; nil where it isn't there.
  /// - Throws: `Failure`.
  package func markEnd(generatorSteps: Int) throws -> String? {
    guard let key = try keys(suffix: Self.stateSuffix).last(where: { $0.generatorSteps == generatorSteps }) else {
      return nil
    }
    let path = joinPath(path, key.name + Self.stateSuffix)
    var state = try RunJSON.decode(CheckpointState.self, from: readFile(path, limit: 1 << 20), source: path)
    if state.wasEnd != true {
      state.wasEnd = true
      try writeFile(RunJSON.encode(state), to: path)
    }
    return key.shortName
  }

  private func superfluous(_ plan: CheckpointPlan) throws -> [Key] {
    let keys = try keys(suffix: Self.stateSuffix)
    let old = keys.dropLast(Self.kept)
    if old.isEmpty { return [] }
    // Each is read once: one that can't be read may be kept for good, or be the best.
    let states = Dictionary(uniqueKeysWithValues: keys.map { ($0, state($0)) })
    let spared = [
      best(of: keys) { states[$0] ?? nil }, keys.last { $0.isIn(plan) },
      keys.last { (states[$0] ?? nil)?.wasEnd == true },
    ]
    return old.filter { key in
      !spared.contains(key) && (states[key] ?? nil).map { $0.kept != true } ?? false
    }
  }

  private func state(_ key: Key) -> CheckpointState? { state(inFile: joinPath(path, key.name + Self.stateSuffix)) }

  private func state(inFile file: String, broken: (any Error) -> Void = { _ in }) -> CheckpointState? {
    do {
      return try RunJSON.decode(CheckpointState.self, from: readFile(file, limit: 1 << 20), source: file)
    } catch {
      broken(error)
      return nil
    }
  }

  /// The one whose samples were nearest to held-out pictures; of equal ones the last.
  private func best(of keys: [Key], state: (Key) -> CheckpointState?) -> Key? {
    var best: (key: Key, distance: Float)?
    for key in keys {
      guard let distance = state(key)?.distance, distance.isFinite else { continue }
      if best.map({ distance <= $0.distance }) ?? true { best = (key, distance) }
    }
    return best?.key
  }

  /// What a person calls the best one.
  package static let best = "best"

  /// A state's safetensors file by its name: "best", "000500", "000500-2", or without the zeros. A number of generator
  /// steps alone is also the last state of those that were saved between them and the next one, as Ctrl-C does.
  /// - Parameter notice: told a line of each state that might be the best, if it could be read.
  /// - Throws: `Failure(.missing)`, naming those that there are.
  package func file(named name: String, notice: (String) -> Void = { _ in }) throws -> String {
    let keys = try keys(suffix: Self.stateSuffix)
    let key: Key?
    if name == Self.best {
      key = best(of: keys) { key in
        state(inFile: joinPath(path, key.name + Self.stateSuffix)) { notice(BrokenCheckpoints.leftOut($0)) }
      }
      if key == nil {
        throw Failure(.missing, path, "no checkpoint there was evaluated when it was saved: see --evaluate-every")
      }
    } else {
      key =
        keys.first { $0.name == name || $0.shortName == name } ?? keys.sorted().last { $0.generatorSteps == Int(name) }
    }
    guard let key else {
      let names = keys.map(\.name).joined(separator: ", ")
      throw Failure(.missing, path, "has no checkpoint \(name); it has \(names.isEmpty ? "none" : names)")
    }
    return joinPath(path, key.name + Self.tensorsSuffix)
  }

  /// The tensors get a temporary name first, which a run that goes on sweeps up: should this process be killed in
  /// between, no tensors are left that nobody removed on purpose.
  private func remove(_ key: Key) {
    let tensors = FilePath(joinPath(path, key.name + Self.tensorsSuffix))
    let aside = try? TemporaryName.make(beside: tensors) { (name) throws(SystemError) in
      try renameFile(tensors, to: name)
    }
    removeFile(joinPath(path, key.name + Self.stateSuffix))
    if let aside { removeFile(aside.path) }
  }

  /// Files of tensors that nobody takes for a state, since the JSON beside them is missing. They are never removed: who
  /// lost the JSON still has these.
  /// - Throws: `Failure`.
  package func withoutState() throws -> [String] {
    let complete = try Set(keys(suffix: Self.stateSuffix))
    return try keys(suffix: Self.tensorsSuffix).filter { !complete.contains($0) }.map { $0.name + Self.tensorsSuffix }
  }

  /// The newest whole state.
  /// - Parameters:
  ///   - plan: of its states alone; nil: of all.
  ///   - groups: of the tensors to read.
  ///   - use: takes the state; where it throws, the state can't be used.
  ///   - broken: told one line for each newer state that can't be used.
  /// - Returns: nil where nothing was saved yet.
  /// - Throws: `Failure(.badData)` when there are states and all are broken; `Failure`, also where a file can't be
  ///   read: that it may not, or that its disk fails now, doesn't mean that it is damaged.
  package func newest(
    of plan: CheckpointPlan? = nil, groups: Checkpoint.Groups = { _ in nil },
    use: (CheckpointState, Checkpoint) throws -> Void = { _, _ in },
    broken: (_ name: String, _ line: String) -> Void
  ) throws -> (state: CheckpointState, checkpoint: Checkpoint)? {
    let keys = try keys(suffix: Self.stateSuffix).filter { key in plan.map(key.isIn) ?? true }
    var last = ""
    for key in keys.reversed() {
      do {
        let statePath = joinPath(path, key.name + Self.stateSuffix)
        let tensorsPath = joinPath(path, key.name + Self.tensorsSuffix)
        let checkpoint = try Checkpoint(at: tensorsPath, groups: groups)
        let state = try checkpoint.state(from: readFile(statePath, limit: 1 << 20), source: statePath)
        guard key == Key(state.position) else {
          throw Failure(.badData, "\(statePath): belongs to another state than \(tensorsPath)")
        }
        try use(state, checkpoint)
        return (state, checkpoint)
      } catch let failure as Failure where [.inputOutput, .outOfMemory].contains(failure.kind) {
        throw Failure(
          failure.kind, "\(failure): mend that first, or move this checkpoint away to go on from the one before it")
      } catch {
        last = String(describing: error)
        broken(key.name, last)
      }
    }
    if keys.isEmpty { return nil }
    let them =
      keys.count == 1 ? "the only checkpoint can't be used" : "none of the \(keys.count) checkpoints can be used"
    throw Failure(
      .badData,
      "\(path): \(them)\(keys.count == 1 ? "" : "; the oldest"): \(last): put a whole one back, or train from step 0 "
        + "(what is there is kept aside): \(resumeCommand(out: splitPath(path).folder, and: "--begin-anew"))")
  }

  /// The safetensors files of all whole states, the oldest first.
  /// - Throws: `Failure`.
  package func all() throws -> [String] {
    try keys(suffix: Self.stateSuffix).map { joinPath(path, $0.name + Self.tensorsSuffix) }.filter { fileExists($0) }
  }

  /// The names of all whole states and what they say, the oldest first. Those that can't be read are left out, and so
  /// are symbolic links.
  /// - Throws: `Failure`.
  package func states() throws -> [(name: String, state: CheckpointState)] {
    try keys(suffix: Self.stateSuffix).compactMap { key in
      let files = [Self.stateSuffix, Self.tensorsSuffix].map { joinPath(path, key.name + $0) }
      let areFiles = files.allSatisfy { (try? fileStatus($0, followingLinks: false))?.isRegularFile == true }
      return areFiles ? state(key).map { (key.name, $0) } : nil
    }
  }

  /// Takes a broken state out of the way of those that will be written.
  package func setAside(_ name: String) { setAside(name, as: "broken") }

  private func setAside(_ name: String, as why: String) {
    for file in [name + Self.stateSuffix, name + Self.tensorsSuffix] {
      try? renameFile(joinPath(path, file), to: freePath(joinPath(path, file + "." + why)))
    }
  }

  /// Takes the states behind this one out of the way: the run has gone back to it.
  package func setAside(behind position: RunPosition) throws {
    for key in try keys(suffix: Self.stateSuffix) where Key(position) < key { setAside(key.name, as: "rolled-back") }
  }

  private func keys(suffix: String) throws -> [Key] {
    try folderNames(path).compactMap { $0.hasSuffix(suffix) ? Key($0.dropLast(suffix.count)) : nil }.sorted()
  }

  /// A state's place in the run and in its file names: "000500", or "000500-3" between critic steps.
  private struct Key: Hashable, Comparable {
    var generatorSteps: Int
    var criticStepsInPhase: Int

    init(_ position: RunPosition) {
      generatorSteps = position.generatorSteps
      criticStepsInPhase = position.criticStepsInPhase
    }

    init?(_ name: some StringProtocol) {
      let parts = name.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count <= 2, let steps = parts[0], steps >= 0, let inPhase = parts.count == 2 ? parts[1] : 0 else {
        return nil
      }
      (generatorSteps, criticStepsInPhase) = (steps, inPhase)
      if self.name != name { return nil }
    }

    /// As people write it.
    var shortName: String { criticStepsInPhase == 0 ? "\(generatorSteps)" : "\(generatorSteps)-\(criticStepsInPhase)" }

    func isForGood(_ plan: CheckpointPlan) -> Bool {
      plan.isForGood(generatorSteps: generatorSteps, criticStepsInPhase: criticStepsInPhase)
    }

    func isIn(_ plan: CheckpointPlan) -> Bool {
      plan.contains(generatorSteps: generatorSteps, criticStepsInPhase: criticStepsInPhase)
    }

    var name: String {
      zeroPadded(generatorSteps) + (criticStepsInPhase == 0 ? "" : "-\(criticStepsInPhase)")
    }

    static func < (a: Key, b: Key) -> Bool {
      (a.generatorSteps, a.criticStepsInPhase) < (b.generatorSteps, b.criticStepsInPhase)
    }
  }
}

/// Checkpoints that a search for the newest whole one has passed over.
struct BrokenCheckpoints {
  private(set) var names: [String] = []
  private var problems: [String] = []

  mutating func append(_ name: String, _ problem: String) {
    names.append(name)
    problems.append(problem)
  }

  /// Where one before them is taken.
  var linesOfTaken: [String] {
    var lines = problems.map { "a checkpoint is broken: \($0)" }
    if let last = problems.last {
      lines[lines.count - 1] = "a checkpoint is broken, the one before it is taken: \(last)"
    }
    return lines
  }

  /// Where there is none; the oldest one's problem is in the error.
  var linesOfNone: [String] { problems.dropLast().map { "a checkpoint is broken: \($0)" } }

  /// Where each is judged by itself.
  static func leftOut(_ problem: any Error) -> String { "a checkpoint is broken and left out: \(problem)" }
}
