// What `wgan evaluate` does: finds a generator and the real pictures that belong to it, and judges its samples by them.
// What the figures mean is in docs/Evaluation.md.

import Compute
import Configuration
import Datasets
import Evaluation
import Images
import SystemSupport

/// What a person asks of `wgan evaluate`.
package struct EvaluationRequest {
  package var generator: PictureGenerator.Source
  /// The generator as it trains, where there is an averaged one too.
  package var live: Bool
  /// Every checkpoint of the run instead of its newest.
  package var allCheckpoints: Bool
  /// `synthetic`, a folder or a CSV list; nil: what the run trains on.
  package var data: [String]
  package var cache: String?
  /// Samples, where there are as many real pictures to compare them with.
  package var count: Int
  package var seed: UInt64?
  package var threads: Int?

  package init(
    generator: PictureGenerator.Source, live: Bool = false, allCheckpoints: Bool = false, data: [String] = [],
    cache: String? = nil, count: Int, seed: UInt64? = nil, threads: Int? = nil
  ) {
    (self.generator, self.live, self.allCheckpoints) = (generator, live, allCheckpoints)
    (self.data, self.cache) = (data, cache)
    (self.count, self.seed, self.threads) = (count, seed, threads)
  }
}

/// What is said of a generator.
package struct GeneratorJudgement: Sendable {
  /// The file of its weights.
  package var path: String
  package var generatorSteps: Int?
  package var distances: [ScaleDistance]
  /// From each sample to the nearest other one, beside the same of real pictures.
  package var duplicates: NeighbourSummary?
  /// From each sample to the nearest known picture, beside the same of the reference.
  package var copies: NeighbourSummary?
  /// The samples and their nearest known pictures.
  let samples: PictureSet
  let nearest: [NearestPicture?]
}

package struct GeneratorEvaluation {
  package let pictures: RealPictures
  /// Of other real pictures to the same ones.
  package let floor: [ScaleDistance]

  private let files: [GeneratorFile]
  private let live: Bool
  private let seed: UInt64
  private let device: Device
  private let metric: SlicedWasserstein
  private let referenceNearest: [NearestPicture?]
  private let referenceDuplicates: [NearestPicture?]

  /// Finds everything, and compares real pictures with each other.
  /// - Throws: `Failure`, `ConfigurationError`, `NetworkError`.
  package init(
    _ request: EvaluationRequest, report: @escaping @Sendable (PreparationEvent) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let (files, origin) = try GeneratorFile.find(request) { report(.notice($0)) }
    let threads = request.threads ?? Device.coreCount
    (self.files, device) = (files, try Device.fromEnvironment(threads: threads))
    live = request.live
    seed = request.seed ?? origin.configuration.seed
    metric = SlicedWasserstein(seed: seed, on: device)
    pictures = try RealPictures(
      origin, count: request.count, seed: seed, threads: threads, report: report, isCancelled: isCancelled)
    if pictures.kind == .training {
      report(.notice("the run holds no pictures out: its samples are compared with pictures that it was trained on"))
    }
    func stopIfCancelled() throws(Failure) {
      if isCancelled() { throw Failure(.cancelled, "stopped while real pictures were being compared") }
    }
    floor = metric.distances(of: pictures.others, as: .otherReal, to: pictures.reference)
    try stopIfCancelled()
    referenceDuplicates = NearestPictures.find(
      pictures.reference, in: pictures.reference, itself: true, on: device)
    try stopIfCancelled()
    referenceNearest = NearestPictures.find(
      pictures.reference, in: pictures.known, itself: pictures.referenceIsKnown, on: device)
  }

  /// Judges each generator in turn.
  package func forEach(notice: (String) -> Void, _ body: (GeneratorJudgement) throws -> Void) throws {
    for file in files { try body(judge(file, notice)) }
  }

  private func judge(_ file: GeneratorFile, _ notice: (String) -> Void) throws -> GeneratorJudgement {
    let generator = try PictureGenerator(file.source, live: live, threads: device.threads, notice: notice)
    let configuration = generator.configuration
    guard configuration.size == pictures.reference.size, configuration.channels == pictures.reference.channels else {
      throw Failure(.badData, "\(file.path): makes other pictures than the rest of the run")
    }
    var made: [[UInt8]] = []
    try generator.forEach(.series(seed: seed, 0..<pictures.count)) { _, picture in made.append(picture.pixels) }
    let samples = PictureSet(made, size: configuration.size, channels: configuration.channels)
    let duplicates = NearestPictures.find(samples, in: samples, itself: true, on: device)
    let nearest = NearestPictures.find(samples, in: pictures.known, on: device)
    try pictures.checkReading()
    func distances(_ found: [NearestPicture?]) -> [Double] { found.compactMap { $0?.distance } }
    return GeneratorJudgement(
      path: file.path, generatorSteps: file.generatorSteps,
      distances: metric.distances(of: samples, to: pictures.reference),
      duplicates: NeighbourSummary(distances(duplicates), normal: distances(referenceDuplicates)),
      copies: NeighbourSummary(distances(nearest), normal: distances(referenceNearest)), samples: samples,
      nearest: nearest)
  }

  /// Writes samples and reference pictures, below each its nearest known picture.
  /// - Throws: `Failure`.
  package func writeNeighbours(of judgement: GeneratorJudgement, to path: String) throws {
    let known = pictures.kind == .other ? pictures.words : "training pictures"
    let sheet = NeighbourSheet(known: pictures.known, knownWords: known)
    try PNGEncoder.write(
      sheet.compose([
        .init(words: "samples", pictures: judgement.samples, nearest: judgement.nearest),
        .init(words: pictures.words, pictures: pictures.reference, nearest: referenceNearest),
      ]), to: path)
  }
}

/// A generator's weights, found.
private struct GeneratorFile {
  var source: PictureGenerator.Source
  var path: String
  var generatorSteps: Int?

  /// The generators that are asked for, the oldest first, and where their pictures are.
  static func find(
    _ request: EvaluationRequest, notice: (String) -> Void
  ) throws -> (files: [GeneratorFile], origin: PictureOrigin) {
    switch request.generator {
    case .weights(let path, _, _):
      if request.data.isEmpty {
        throw Failure(.usage, "--data is needed: a file of weights doesn't say what pictures it was trained on")
      }
      // What the file says of its net, and the flags.
      let configuration = try PictureGenerator(request.generator, threads: 1, notice: notice).configuration
      return (
        [GeneratorFile(source: request.generator, path: path)],
        PictureOrigin(configuration: configuration, data: request.data, cache: request.cache, isRunsOwn: false)
      )
    case .trained(let source):
      let checkpoint = try source.open(.generator, live: request.live, notice: notice)
      var files = [GeneratorFile(checkpoint)]
      if request.allCheckpoints, case .run(let run) = source { files = try all(of: run, request.live, notice) }
      return (files, try origin(of: checkpoint, source, request))
    }
  }

  private init(source: PictureGenerator.Source, path: String) { (self.source, self.path) = (source, path) }

  private init(_ checkpoint: Checkpoint) {
    source = .trained(.checkpoint(checkpoint.path))
    path = checkpoint.path
    generatorSteps = checkpoint.provenance.generatorSteps
  }

  private static func all(of run: String, _ live: Bool, _ notice: (String) -> Void) throws -> [GeneratorFile] {
    try RunPaths(run).checkpoints.all().compactMap { path in
      do {
        let checkpoint = try Checkpoint(at: path, groups: { [$0.group(of: .generator, live: live)] })
        _ = try checkpoint.tensors(of: .generator, live: live)
        return GeneratorFile(checkpoint)
      } catch let error as Failure {
        notice(BrokenCheckpoints.leftOut(error))
        return nil
      }
    }
  }

  private static func origin(
    of checkpoint: Checkpoint, _ source: CheckpointSource, _ request: EvaluationRequest
  ) throws -> PictureOrigin {
    let configuration = checkpoint.provenance.configuration
    let run: RunConfiguration? =
      switch source {
      case .run(let path), .named(_, run: let path): try RunPaths(path).configuration()
      // RUN/checkpoints/000500.safetensors
      case .checkpoint(let path): try? RunPaths(joinPath(splitPath(path).folder, "..")).configuration()
      }
    let data = request.data.isEmpty ? run?.data ?? [] : request.data
    if data.isEmpty {
      throw Failure(
        .usage, "--data is needed: \(checkpoint.path) isn't in a run's folder, whose config.json names the pictures")
    }
    return PictureOrigin(
      configuration: configuration, data: data, cache: request.cache ?? run?.cache,
      fingerprint: try? checkpoint.state().dataFingerprint, isRunsOwn: request.data.isEmpty)
  }
}
