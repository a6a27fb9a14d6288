import TestSupport
import Training
import TensorFiles
import SystemSupport
import Configuration
import Foundation
import Testing
import WGAN

/// An engine that computes nothing but a fingerprint of all that it was given, in order.
final class RecordingEngine: TrainingEngine {
  var fingerprint: UInt32 = 1
  var steps = ""
  var evaluations = ""
  var divergence: Divergence?

  func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> CriticLosses {
    for pixel in pixels { fingerprint = fingerprint &* 31 &+ UInt32(pixel) }
    fingerprint = fingerprint &* 31 &+ UInt32(count)
    steps += "\(pixels.first ?? 0) "
    return CriticLosses(real: Float(fingerprint % 1000) / 1000, fake: 0.25)
  }

  func see(pixels: UnsafeBufferPointer<UInt8>, count: Int) { steps += "see \(pixels.first ?? 0) " }

  func generatorStep() -> Float {
    fingerprint = fingerprint &* 37 &+ 5
    steps += "G "
    return Float(fingerprint % 100) / 100
  }

  func measure() -> [String: Float] { [:] }

  func evaluate(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses {
    evaluations += "\(batch):\(count) "
    return CriticLosses(real: Float(pixels.first ?? 0), fake: Float(batch))
  }

  func tensors(groups: [String]?) -> TensorSet {
    [NamedTensor(name: "fingerprint", shape: [2], values: [Float(fingerprint >> 16), Float(fingerprint & 0xffff)])]
  }

  func restore(_ tensors: TensorSet) {
    fingerprint = UInt32(tensors[0].values[0]) << 16 | UInt32(tensors[0].values[1])
  }
}

/// Batches whose one byte says which they are.
final class CountingBatches: BatchSource {
  var next: Int
  let batchesPerEpoch: Int

  init(_ batchesPerEpoch: Int, from position: RunPosition = RunPosition()) {
    self.batchesPerEpoch = batchesPerEpoch
    next = position.epoch * batchesPerEpoch + position.batch
  }

  func withNextBatch<Result>(_ body: (UnsafeBufferPointer<UInt8>, Int) -> Result) throws -> Result {
    defer { next += 1 }
    return [UInt8(next % 256)].withUnsafeBufferPointer { body($0, 1) }
  }
}

/// A run's journal, but for its pictures.
final class RecordingJournal: TrainingJournal {
  private let start: CheckpointState
  private let checkpoints: CheckpointFolder
  private let metrics: MetricsLog
  private let gallery: (_ generatorSteps: Int) throws -> String

  init(
    _ folder: String, from start: CheckpointState, gallery: @escaping (_ generatorSteps: Int) throws -> String
  ) throws {
    self.start = start
    self.gallery = gallery
    checkpoints = RunPaths(folder).checkpoints
    metrics = try MetricsLog(
      at: RunPaths(folder).metrics, columns: MetricsLogTests.columns,
      keepingRowsThrough: start.position.generatorSteps)
  }

  func append(_ row: StepMetrics) throws { try metrics.append(row) }

  func save(_ state: TrainingState, of engine: some TrainingEngine) throws -> String {
    let state = CheckpointState(
      position: state.position, seconds: state.seconds, picturesPerEpoch: start.picturesPerEpoch,
      dataFingerprint: start.dataFingerprint, criticLosses: state.criticLosses)
    return try checkpoints.save(state, tensors: engine.tensors(groups: nil), configuration: .blog)
  }

  func drawGallery(of engine: some TrainingEngine, generatorSteps: Int) throws -> String { try gallery(generatorSteps) }
}

@Suite struct TrainingLoopTests {
  static let pictures = 64 * 12 + 1  // 13 batches: phases of 5, 5 and 3

  /// One part of a run in `folder`, from its newest checkpoint on.
  @discardableResult
  func run(
    _ folder: String, _ length: RunLength, engine: RecordingEngine = RecordingEngine(), sampleEvery: Int = 0,
    checkpointEvery: Int = 0, heldOut: HeldOutPictures? = nil, judge: (any SampleJudge)? = nil,
    evaluateEvery: Int = 0, stopAfter: Int = .max,
    events: (TrainingEvent) -> Void = { _ in }
  ) throws -> (summary: TrainingSummary, engine: RecordingEngine) {
    let checkpoints = CheckpointFolder(joinPath(folder, "checkpoints"))
    try makeFolder(checkpoints.path)
    var start = CheckpointState(
      position: RunPosition(), seconds: 0, picturesPerEpoch: Self.pictures, dataFingerprint: "",
      criticLosses: CriticLosses(real: 0, fake: 0)
    )
    if let newest = try checkpoints.newest(broken: { _, _ in }) {
      start = newest.state
      engine.restore(newest.checkpoint.tensors)
    }
    let loop = TrainingLoop(
      schedule: Schedule(.blog, picturesPerEpoch: Self.pictures, length: length), start: start.trainingState,
      sampleEvery: sampleEvery, checkpointEvery: checkpointEvery, heldOut: heldOut, judge: judge,
      evaluateEvery: evaluateEvery,
      journal: try RecordingJournal(folder, from: start) { step in
        let path = joinPath(folder, "\(step).png")
        try writeFile([], to: path)
        return path
      })
    var asked = 0
    let summary = try loop.run(
      engine: engine, batches: CountingBatches(13, from: start.position),
      shouldStop: {
        asked += 1
        return asked > stopAfter
      }, report: events)
    return (summary, engine)
  }

  /// metrics.csv without the seconds, which no two runs share.
  func metrics(_ folder: String) throws -> [[String]] {
    String(decoding: try readFile(joinPath(folder, "metrics.csv")), as: UTF8.self)
      .split(separator: "\n").map { line in
        var fields = line.components(separatedBy: ",")
        fields.remove(at: 2)
        return fields
      }
  }

  /// A run in two parts, cut after any number of steps (also between critic steps, also in an epoch's middle), is the
  /// run in one part: every step, loss and row.
  @Test(arguments: [0, 1, 3, 4, 5, 6, 7, 12, 15, 16, 17, 20, 40])
  func aRunThatGoesOnIsTheSameRun(stopAfter: Int) throws {
    try inTemporaryFolder { folder in
      let (whole, parts) = (joinPath(folder, "whole"), joinPath(folder, "parts"))
      let one = try run(whole, .generatorSteps(10)).engine
      let first = try run(parts, .generatorSteps(10), checkpointEvery: 2, stopAfter: stopAfter)
      #expect(first.summary.stopped)
      #expect(first.summary.criticSteps + first.summary.generatorSteps == stopAfter)
      let second = try run(parts, .generatorSteps(10), checkpointEvery: 3)
      #expect(!second.summary.stopped)
      #expect(first.engine.steps + second.engine.steps == one.steps)
      #expect(second.engine.fingerprint == one.fingerprint)
      #expect(try metrics(parts) == metrics(whole))
    }
  }

  /// Killed without a word: the last checkpoint counts, the rows after it are written anew.
  @Test func aKilledRunGoesOnFromItsLastCheckpoint() throws {
    try inTemporaryFolder { folder in
      let (whole, parts) = (joinPath(folder, "whole"), joinPath(folder, "parts"))
      try run(whole, .generatorSteps(10))
      struct Killed: Error {}
      try run(parts, .generatorSteps(4))
      #expect(throws: Killed.self) {
        let checkpoints = CheckpointFolder(joinPath(parts, "checkpoints"))
        let newest = try #require(try checkpoints.newest(broken: { _, _ in }))
        let engine = RecordingEngine()
        engine.restore(newest.checkpoint.tensors)
        let loop = TrainingLoop(
          schedule: Schedule(.blog, picturesPerEpoch: Self.pictures, length: .generatorSteps(10)),
          start: newest.state.trainingState, sampleEvery: 3, checkpointEvery: 0,
          journal: try RecordingJournal(parts, from: newest.state) { step in
            if step == 9 { throw Killed() }
            return ""
          })
        _ = try loop.run(
          engine: engine, batches: CountingBatches(13, from: newest.state.position), shouldStop: { false },
          report: { _ in })
      }
      #expect(try metrics(parts).count == 1 + 9)
      try run(parts, .generatorSteps(10))
      #expect(try metrics(parts) == metrics(whole))
    }
  }

  @Test func itStopsExactlyWhereItShould() throws {
    try inTemporaryFolder { folder in
      let steps = try run(joinPath(folder, "a"), .generatorSteps(7)).summary
      #expect(steps.position.generatorSteps == 7 && steps.position.epoch == 2 && steps.position.batch == 5)
      let epochs = try run(joinPath(folder, "b"), .epochs(2)).summary
      #expect(epochs.position.epoch == 2 && epochs.position.generatorSteps == 6 && epochs.position.criticSteps == 26)
      // Asked for no more than is done: nothing happens, nothing breaks.
      let again = try run(joinPath(folder, "b"), .epochs(1)).summary
      #expect(again.criticSteps == 0 && again.position == epochs.position && !again.stopped)
    }
  }

  @Test func galleriesCheckpointsAndEpochsComeWhenTheyShould() throws {
    try inTemporaryFolder { folder in
      var events: [String] = []
      let end = try run(folder, .generatorSteps(7), sampleEvery: 3, checkpointEvery: 2) { event in
        switch event {
        case .step: break
        case .metrics(let row, let progress):
          events.append("\(row.step)")
          #expect(row.criticLosses == progress.criticLosses)
          #expect(progress.position.generatorSteps == row.step)
        case .epochEnded(let epoch, let row): events.append("epoch \(epoch) at \(row.step)")
        case .gallerySaved(let path): events.append("gallery " + splitPath(path).name)
        case .checkpointSaved(let path): events.append("checkpoint " + splitPath(path).name)
        case .advice(let line), .verdict(let line): events.append(line)
        }
      }.summary
      #expect(
        events == [
          "1", "2", "checkpoint 000002.safetensors", "3", "epoch 1 at 3", "gallery 3.png", "4",
          "checkpoint 000004.safetensors", "5", "6", "epoch 2 at 6", "checkpoint 000006.safetensors", "gallery 6.png",
          "7", "checkpoint 000007.safetensors", "gallery 7.png",
        ])
      #expect(end.gallery == joinPath(folder, "7.png"))
    }
  }

  /// Stopped between critic steps, a run that goes on from a checkpoint leaves that step's gallery as it was drawn.
  @Test func aGalleryIsOfItsStep() throws {
    try inTemporaryFolder { folder in
      try run(folder, .generatorSteps(6), sampleEvery: 3)
      #expect(try run(folder, .generatorSteps(9), sampleEvery: 3, stopAfter: 1).summary.gallery == nil)
      let between = try run(folder, .generatorSteps(9), sampleEvery: 4, stopAfter: 1).summary
      #expect(between.gallery == joinPath(folder, "6.png"))
    }
  }

  /// State first, then pictures: one that can't be written is a line, once, and costs nothing, at the end neither.
  @Test func aPictureThatCannotBeWrittenCostsNothing() throws {
    try inTemporaryFolder { folder in
      let whole = try run(joinPath(folder, "whole"), .generatorSteps(6), sampleEvery: 2)
      let path = joinPath(folder, "run")
      try makeFolder(joinPath(path, "checkpoints"))
      let engine = RecordingEngine()
      let start = CheckpointState(
        position: RunPosition(), seconds: 0, picturesPerEpoch: Self.pictures, dataFingerprint: "", criticLosses: .none)
      var lines: [String] = []
      var saved = 0
      let loop = TrainingLoop(
        schedule: Schedule(.blog, picturesPerEpoch: Self.pictures, length: .generatorSteps(6)),
        start: start.trainingState, sampleEvery: 1, checkpointEvery: 1,
        journal: try RecordingJournal(path, from: start) { step in
          #expect(saved == step, "the state is there before the picture")
          throw Failure(.cannotCreate, "samples", step < 4 ? "no room" : "no folder")
        })
      let summary = try loop.run(engine: engine, batches: CountingBatches(13), shouldStop: { false }) { event in
        if case .advice(let line) = event { lines.append(line) }
        if case .checkpointSaved = event { saved += 1 }
      }
      #expect(engine.fingerprint == whole.engine.fingerprint && summary.gallery == nil && !summary.stopped)
      #expect(
        lines.filter { $0.contains("no room") }.count == 1 && lines.filter { $0.contains("no folder") }.count == 1)
      #expect(try metrics(path).count == 7)
    }
  }

  /// A row that can't be written ends the run, but the steps before it are kept.
  @Test func aRowThatCannotBeWrittenDoesntCostTheState() throws {
    final class FullDisk: TrainingJournal {
      var saved: [Int] = []
      func append(_ row: StepMetrics) throws { if row.step == 5 { throw Failure(.inputOutput, "rows", "disk full") } }
      func save(_ state: TrainingState, of engine: some TrainingEngine) throws -> String {
        saved.append(state.position.generatorSteps)
        return ""
      }
      func drawGallery(of engine: some TrainingEngine, generatorSteps: Int) throws -> String { "" }
    }
    let journal = FullDisk()
    let loop = TrainingLoop(
      schedule: Schedule(.blog, picturesPerEpoch: Self.pictures, length: .generatorSteps(9)), start: TrainingState(),
      journal: journal)
    let error = #expect(throws: Failure.self) {
      try loop.run(engine: RecordingEngine(), batches: CountingBatches(13), shouldStop: { false }, report: { _ in })
    }
    #expect(error?.description == "rows: disk full" && journal.saved == [5])
  }

  /// Each so many generator steps, all held-out pictures are seen, each with the same weight; the rows between have
  /// none.
  @Test func heldOutPicturesAreSeenWhenTheyShould() throws {
    try inTemporaryFolder { folder in
      let heldOut = HeldOutPictures([.init(pixels: [10, 10, 10], count: 3), .init(pixels: [30], count: 1)])
      let engine = RecordingEngine()
      try run(folder, .generatorSteps(7), engine: engine, heldOut: heldOut, evaluateEvery: 3)
      #expect(engine.evaluations == "0:3 1:1 0:3 1:1 ")
      // Of pictures 10, 10, 10 and 30: 15; of fakes 0, 0, 0 and 1: 0.25.
      let lastButOne = try metrics(folder).map { $0.dropLast().last }
      #expect(lastButOne == ["held_out_d_loss", "", "", "14.75", "", "", "14.75", ""])
      let never = try run(joinPath(folder, "never"), .generatorSteps(3), heldOut: heldOut).engine
      #expect(never.evaluations == "")
    }
  }

  /// Samples are judged with the held-out pictures' losses, and the judge's figures are in the row.
  @Test func samplesAreJudgedWhenTheyShould() throws {
    final class CountingJudge: SampleJudge {
      var asked: Float = 0
      func distances(of engine: some TrainingEngine) throws -> [String: Float] {
        asked += 1
        return ["swd": asked]
      }
    }
    try inTemporaryFolder { folder in
      var figures: [Float?] = []
      try run(folder, .generatorSteps(7), judge: CountingJudge(), evaluateEvery: 3) { event in
        if case .metrics(let row, _) = event { figures.append(row.distances["swd"]) }
      }
      #expect(figures == [nil, nil, 1, nil, nil, 2, nil])
      let never = CountingJudge()
      try run(joinPath(folder, "never"), .generatorSteps(3), judge: never)
      #expect(never.asked == 0)
    }
  }

  /// The row of a generator step holds the losses of the last critic step before it.
  @Test func aRowHoldsTheLastCriticStepsLosses() throws {
    try inTemporaryFolder { folder in
      var last = CriticLosses(real: 0, fake: 0)
      try run(folder, .generatorSteps(4)) { event in
        if case .step(let progress) = event { last = progress.criticLosses }
        if case .metrics(let row, _) = event { #expect(row.criticLosses == last) }
      }
    }
  }
}

@Suite struct MetricsLogTests {
  static let columns = MetricColumn.all(of: TrainingConfiguration.blog.makeObjective())
  static let header =
    "step,epoch,seconds,d_loss,g_loss,real_loss,fake_loss,wasserstein,at_bound,variance_below_eps,"
    + "held_out_d_loss,held_out_wasserstein"

  func open(_ path: String, through step: Int) throws -> MetricsLog {
    try MetricsLog(at: path, columns: Self.columns, keepingRowsThrough: step)
  }

  func text(_ row: StepMetrics) -> String { Self.columns.map { $0.cell(row) }.joined(separator: ",") }

  func row(_ step: Int) -> StepMetrics {
    StepMetrics(
      step: step, epoch: 1, seconds: 2.0625, criticLosses: CriticLosses(real: -0.5, fake: 0.25), generatorLoss: 0.125)
  }

  @Test func aRowIsTheDocumentedOne() {
    #expect(Self.columns.map(\.name).joined(separator: ",") == Self.header)
    #expect(text(row(12)) == "12,1,2.063,-0.75,0.125,-0.5,0.25,0.75,,,,")
    var evaluated = row(12)
    evaluated.heldOutLosses = CriticLosses(real: -0.25, fake: 0.25)
    #expect(text(evaluated) == "12,1,2.063,-0.75,0.125,-0.5,0.25,0.75,,,-0.5,0.5")
    var diverged = row(1)
    diverged.criticLosses = CriticLosses(real: .nan, fake: .infinity)
    #expect(text(diverged) == "1,1,2.063,nan,0.125,nan,inf,nan,,,,")
  }

  @Test func rowsPastTheCheckpointAndHalfRowsAreCutOff() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      func lines() throws -> [String] {
        String(decoding: try readFile(path), as: UTF8.self).components(separatedBy: "\n")
      }
      do {
        let log = try open(path, through: 0)
        for step in 1...5 { try log.append(row(step)) }
      }
      let all = try lines()
      try writeFile(try readFile(path) + Array("6,1,2.0".utf8), to: path)
      _ = try open(path, through: 9)
      #expect(try lines() == all)
      _ = try open(path, through: 3)
      #expect(try lines() == Array(all[...3]) + [""])
      try open(path, through: 3).append(row(4))
      #expect(try lines() == Array(all[...4]) + [""])
      _ = try open(path, through: 0)
      #expect(try lines() == [Self.header, ""])
      // Killed before the first line was whole.
      try writeFile(Array("step,ep".utf8), to: path)
      _ = try open(path, through: 3)
      #expect(try lines() == [Self.header, ""])
    }
  }

  /// What is whole stays, what isn't is told, and the file as it was is kept.
  @Test(arguments: [
    ([(3, "3,1,0.9,-0.2x5,1,1,1,1,,,")], "row of step 3 is missing"),
    ([(3, "")], "row of step 3 is missing"), ([(3, "3,1")], "row of step 3 is missing"),
    ([(1, "\0\0\0"), (4, "4;1"), (5, "?")], "rows of steps 1, 4 to 5 are missing"),
    ([(2, "1,1,2.063,-0.75,0.125,-0.5,0.25,0.75,,,")], "row of step 2 is missing"),
  ]) func damagedRowsCostOnlyThemselves(damage: [(Int, String)], says: String) throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      do {
        let log = try open(path, through: 0)
        for step in 1...8 { try log.append(row(step)) }
        #expect(log.notice == nil)
      }
      var lines = String(decoding: try readFile(path), as: UTF8.self).components(separatedBy: "\n")
      let whole = lines
      for (line, text) in damage { lines[line] = text }
      let bytes = Array(lines.joined(separator: "\n").utf8)
      try writeFile(bytes, to: path)
      // One that lies behind the checkpoint is no loss: it's written anew.
      if damage.map(\.0) == [3] {
        #expect(try MetricsLog(at: path, columns: Self.columns, keepingRowsThrough: 2).notice == nil)
      }
      try writeFile(bytes, to: path)
      let log = try open(path, through: 7)
      #expect(
        log.notice?.contains(says) == true && log.notice?.contains(path + ".damaged") == true, "\(log.notice ?? "")")
      #expect(try readFile(path + ".damaged") == bytes)
      let lost = damage.map(\.0)
      let kept = whole.indices.filter { $0 < 8 && !lost.contains($0) }.map { whole[$0] } + [""]
      #expect(String(decoding: try readFile(path), as: UTF8.self) == kept.joined(separator: "\n"))
      #expect(log.curves.estimate.map(\.step) == (1...7).filter { !lost.contains($0) })
    }
  }

  @Test func aShortOrMissingFileIsTold() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      do {
        let log = try open(path, through: 0)
        for step in 1...4 { try log.append(row(step)) }
      }
      let bytes = try readFile(path)
      #expect(try open(path, through: 4).notice == nil)
      #expect(try open(path, through: 9).notice?.contains("steps 5 to 9 are missing") == true)
      #expect(!fileExists(path + ".damaged"))
      try writeFile(Array(bytes.dropLast(3)), to: path)
      #expect(try open(path, through: 4).notice?.contains("step 4 is missing") == true)
      #expect(try readFile(path + ".damaged") == bytes.dropLast(3))
      removeFile(path)
      let notice = try open(path, through: 4).notice
      #expect(notice?.contains("isn't there") == true && notice?.contains("1 to 4") == true)
      removeFile(path)
      #expect(try open(path, through: 0).notice == nil)
    }
  }

  /// However an editor ends lines, they are the same rows; none of them is damaged.
  @Test(arguments: ["\r", "\r\n"]) func otherEndsOfLineAreRead(end: String) throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      do {
        let log = try open(path, through: 0)
        for step in 1...4 { try log.append(row(step)) }
      }
      let bytes = try readFile(path)
      let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n").joined(separator: end) + end
      try writeFile(Array(text.utf8), to: path)
      #expect(MetricsTable.steps(Array(text.utf8)) == [1, 2, 3, 4])
      #expect(try open(path, through: 4).notice == nil)
      #expect(try readFile(path) == bytes)
      #expect(try folderNames(folder) == ["metrics.csv"])
    }
  }

  /// A file without one whole line is told and kept, too, but for the beginning that a killed process leaves.
  @Test func aFileWithoutALineIsKept() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      let other = Array("something else".utf8)
      for (i, step) in [0, 3].enumerated() {
        try writeFile(other, to: path)
        let notice = try open(path, through: step).notice
        let place = path + ".damaged" + (i == 0 ? "" : "-2")
        #expect(notice?.hasSuffix("the file as it was is \(place)") == true, "\(notice ?? "")")
        #expect(try readFile(place) == other)
      }
      try writeFile(Array("step,ep".utf8), to: path)
      #expect(try open(path, through: 0).notice == nil)
      #expect(try folderNames(folder).count == 3)
    }
  }

  /// Removed or replaced while it's written: told, and put back with every row; what lay there is kept.
  @Test func aFileThatIsTakenAwayIsPutBack() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      let log = try open(path, through: 0)
      func steps() throws -> [Int] { try MetricsTable.steps(readFile(path)) }
      for step in 1...2 { try log.append(row(step)) }
      #expect(log.synchronize() == nil)
      removeFile(path)
      try log.append(row(3))
      #expect(log.synchronize()?.contains("removed") == true)
      #expect(try steps() == [1, 2, 3] && log.synchronize() == nil)
      try log.append(row(4))
      #expect(try steps() == [1, 2, 3, 4])
      // As an editor saves.
      let edited = Array("step\n9\n".utf8)
      for place in [path + ".damaged", path + ".damaged-2"] {
        try writeFile(edited, to: path)
        let line = log.synchronize()
        #expect(line?.contains("replaced") == true && line?.hasSuffix(place) == true, "\(line ?? "")")
        #expect(try readFile(place) == edited && steps() == [1, 2, 3, 4])
      }
      // Into another folder: the rows that were written since come back, too.
      try renameFile(path, to: joinPath(folder, "elsewhere"))
      try log.append(row(5))
      #expect(log.synchronize() != nil)
      #expect(try steps() == [1, 2, 3, 4, 5])
    }
  }

  /// A run that an earlier version began goes on in one table.
  @Test func aFormerVersionsRowsGetTheNewColumn() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      let former = """
        step,epoch,seconds,d_loss,g_loss,real_loss,fake_loss,wasserstein
        1,1,0.5,-0.75,0.125,-0.5,0.25,0.75
        2,1,0.7,-0.5,0.125,-0.25,0.25,0.5
        3,1,0.9,-0.25,0.125
        """
      try writeFile(Array(former.utf8), to: path)
      let log = try open(path, through: 9)
      try log.append(row(3))
      #expect(
        String(decoding: try readFile(path), as: UTF8.self) == """
          \(Self.header)
          1,1,0.5,-0.75,0.125,-0.5,0.25,0.75,,,,
          2,1,0.7,-0.5,0.125,-0.25,0.25,0.5,,,,
          3,1,2.063,-0.75,0.125,-0.5,0.25,0.75,,,,

          """)
      #expect(log.curves.estimate.map(\.value) == [0.75, 0.5, 0.75])
    }
  }

  /// Columns are found by their names: another order, and fewer of them, are the same table.
  @Test func columnsAreReadByName() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      try writeFile(Array("wasserstein,step,held_out_d_loss\n0.75,1,-0.5\n0.5,2,\n".utf8), to: path)
      let log = try open(path, through: 9)
      #expect(log.curves.estimate == [.init(step: 1, value: 0.75), .init(step: 2, value: 0.5)])
      #expect(log.curves.heldOut == [.init(step: 1, value: 0.5)])
      #expect(
        String(decoding: try readFile(path), as: UTF8.self)
          == "\(Self.header)\n1,,,,,,,0.75,,,-0.5,\n2,,,,,,,0.5,,,,\n")
    }
  }

  /// What another objective measures gets its column, is saved with the state, and comes back.
  @Test func anObjectivesOwnColumnIsWritten() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      let columns = Self.columns + [MetricColumn.measured("penalty")]
      var penalised = row(1)
      penalised.criticLosses.measured["penalty"] = 1.5
      let log = try MetricsLog(at: path, columns: columns, keepingRowsThrough: 0)
      try log.append(penalised)
      try log.append(row(2))
      let rows = String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n")
      #expect(rows[0] == Self.header + ",penalty" && rows[1].hasSuffix(",1.5") && rows[2].hasSuffix(",,"))
      // A run that doesn't measure it doesn't drop it in silence.
      #expect(throws: Failure.self) { try open(path, through: 2) }
      let state = CheckpointState(
        position: RunPosition(), seconds: 0, picturesPerEpoch: 1, dataFingerprint: "",
        criticLosses: penalised.criticLosses)
      #expect(state.criticLosses == penalised.criticLosses)
    }
  }

  @Test func anotherTableIsNotWrittenOver() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      let other = Array("something else\n1,2\n".utf8)
      try writeFile(other, to: path)
      let error = #expect(throws: Failure.self) { try open(path, through: 3) }
      #expect(error?.kind == .badData && error?.description.hasPrefix(path) == true)
      #expect(try readFile(path) == other)
    }
  }

  /// The curves are the rows': those that were read and those that are new.
  @Test func theCurvesAreTheRows() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "metrics.csv")
      var evaluated = row(2)
      evaluated.heldOutLosses = CriticLosses(real: -0.25, fake: 0.25)
      evaluated.distances = ["swd": 12.5]
      // Of an objective whose loss isn't the estimate.
      evaluated.heldOutLosses?.loss = 0.7
      var diverged = row(3)
      diverged.criticLosses = CriticLosses(real: .nan, fake: 0)
      func open(_ path: String, through step: Int) throws -> MetricsLog {
        let columns = Self.columns + [MetricColumn("swd") { $0.distances["swd"] }]
        return try MetricsLog(at: path, columns: columns, keepingRowsThrough: step)
      }
      let log = try open(path, through: 0)
      for row in [row(1), evaluated, diverged] { try log.append(row) }
      #expect(log.curves.heldOut == [LossCurves.Point(step: 2, value: 0.5)])
      #expect(log.curves.distances == [LossCurves.Point(step: 2, value: 12.5)])
      #expect(log.curves.estimate.map(\.step) == [1, 2, 3])
      let again = try open(path, through: 2).curves
      #expect(again.distances == log.curves.distances)
      #expect(again.heldOut == log.curves.heldOut && again.estimate == Array(log.curves.estimate[..<2]))
    }
  }
}
