// The real pictures that a generator is judged by: which they are, and what of them is compared with what.

import Configuration
import Datasets
import Evaluation
import SystemSupport

/// Where a generator's real pictures come from.
struct PictureOrigin {
  var configuration: TrainingConfiguration
  /// As `--data` names them.
  var data: [String]
  var cache: String?
  /// Of the pictures that it was trained on, as its checkpoint has it; nil where nothing says so.
  var fingerprint: String?
  /// `data` is what the run's config.json says.
  var isRunsOwn: Bool
}

package struct RealPictures: Sendable {
  package enum Kind: Sendable {
    /// Held-out pictures of the run, and those that it trains on.
    case heldOut
    /// The run holds none out.
    case training
    /// Other pictures, or nobody knows.
    case other
  }

  package let kind: Kind
  /// What `--data` or the run calls them.
  package let name: String
  /// What samples are compared with, and as many others, which are compared with it as if they were samples.
  package let reference: PictureSet
  package let others: PictureSet
  /// All that a generator may have learned by heart, or all there are.
  package let known: PictureSet
  private let dataset: Dataset

  /// - Throws: where one of them couldn't be read while it was compared: figures that it's part of mean nothing.
  func checkReading() throws(Failure) { try dataset.checkReading() }

  /// The reference is the beginning of `known`.
  package var referenceIsKnown: Bool { kind != .heldOut }

  package var count: Int { reference.count }

  /// - Parameter count: of the reference, where there are so many.
  /// - Throws: `Failure`.
  init(
    _ origin: PictureOrigin, count: Int, seed: UInt64, threads: Int,
    report: @escaping @Sendable (PreparationEvent) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let (dataset, kind) = try Self.open(origin, threads: threads, report: report, isCancelled: isCancelled)
    for note in dataset.notes { report(.notice(note)) }
    try self.init(dataset, name: origin.data.joined(separator: ", "), kind: kind, count: count, seed: seed)
  }

  /// The run's data set, where these are its pictures; else all of them.
  private static func open(
    _ origin: PictureOrigin, threads: Int, report: @escaping @Sendable (PreparationEvent) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> (Dataset, Kind) {
    let training = origin.configuration
    let source = try DatasetSource(arguments: origin.data)
    func dataset(fraction: Double, heldOut: Double) throws -> Dataset {
      try Dataset(
        source,
        DatasetOptions(training, threads: threads, cache: origin.cache, fraction: fraction, heldOut: heldOut),
        progress: { report(.decoding(done: $0, total: $1)) }, isCancelled: isCancelled)
    }
    func runsDataset() throws -> (Dataset, Kind, isSame: Bool) {
      let dataset = try dataset(fraction: training.fraction, heldOut: training.heldOut)
      let isSame = String(dataset.fingerprint, radix: 16) == origin.fingerprint
      return (dataset, dataset.count(.heldOut) > 0 ? .heldOut : .training, isSame)
    }
    if origin.isRunsOwn {
      let (dataset, kind, isSame) = try runsDataset()
      if !isSame { report(.notice("\(source): has other pictures than when the run began")) }
      return (dataset, kind)
    }
    // Of other pictures the run's fraction may be none.
    if origin.fingerprint != nil, let (dataset, kind, isSame) = try? runsDataset(), isSame { return (dataset, kind) }
    return (try dataset(fraction: 1, heldOut: 0), .other)
  }

  private init(_ dataset: Dataset, name: String, kind: Kind, count: Int, seed: UInt64) throws {
    func set(_ numbers: [Int]) -> PictureSet {
      PictureSet(count: numbers.count, size: dataset.size, channels: dataset.channels) {
        dataset.squareOrBlack(numbers[$0])
      }
    }
    known = set(dataset.shuffled(.training, seed: seed))
    let heldOut = set(dataset.shuffled(.heldOut, seed: seed))
    let most = kind == .heldOut ? min(heldOut.count, known.count) : known.count / 2
    let count = min(count, most)
    guard count >= 2 else {
      throw Failure(
        .badData,
        kind == .heldOut
          ? "\(name): has \(heldOut.count) held-out and \(known.count) training pictures: it takes 2 of each at least"
          : "\(name): has \(counted(dataset.count, "picture")) to compare with: it takes 4 at least")
    }
    (self.kind, self.name, self.dataset) = (kind, name, dataset)
    reference = kind == .heldOut ? heldOut[0..<count] : known[0..<count]
    others = kind == .heldOut ? known[0..<count] : known[count..<2 * count]
  }

  /// "held-out pictures"
  package var words: String {
    switch kind {
    case .heldOut: "held-out pictures"
    case .training: "training pictures"
    case .other: "pictures"
    }
  }

  /// What `known` are.
  package var knownWords: String { kind == .other ? "picture of \(name)" : "training picture" }
}
