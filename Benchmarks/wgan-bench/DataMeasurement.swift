// Times the way of a folder's pictures from file to training picture: the functions that training calls, a clock
// between them.

import Compute
import Datasets
import Images
import Synchronization
import SystemSupport

extension DataReport {
  package struct Options: Sendable {
    package var size = 64
    package var channels = 3
    package var threads = [1]
    package var rounds = 5
    /// The most pictures that are measured; more are thinned out evenly.
    package var limit = 2000

    package init() {}
  }

  /// - Throws: where the source can't be read or has no good picture.
  /// - Precondition: all options are positive, and channels 1 or 3.
  package static func measure(_ source: DatasetSource, _ options: Options) throws(Failure) -> DataReport {
    let listing = try DatasetFiles(source, fraction: 1, seed: 0)
    let count = min(options.limit, listing.paths.count)
    let paths = (0..<count).map { listing.paths[$0 * listing.paths.count / count] }
    let pipeline = Pipeline(paths: paths, size: options.size, channels: options.channels)

    // A first round that isn't timed: it brings the files into the page cache and finds those that can't be decoded.
    let found = pipeline.run(Array(paths.indices), threads: options.threads.max() ?? 1)
    let good = found.good.keys.sorted()
    guard !good.isEmpty else {
      throw Failure.noPictures(in: source, bad: listing.bad + found.bad)
    }

    let interference = Interference()
    var runs = [[Pipeline.Result]](repeating: [], count: options.threads.count)
    for _ in 0..<options.rounds {
      for (i, threads) in options.threads.enumerated() { runs[i].append(pipeline.run(good, threads: threads)) }
    }
    var peak = Peak()
    peak.judge(interference.share(cores: Device.coreCount))

    let formats = PictureFormat.allCases.filter { format in found.good.values.contains { $0.format == format } }
    var rows: [Row] = []
    for (threads, runs) in zip(options.threads, runs) {
      func row(_ name: String, _ wanted: [PictureFormat], _ rounds: [Round]) -> Row {
        let files = found.good.values.filter { wanted.contains($0.format) }
        return Row(
          threads: threads, format: name, pictures: files.count, bytes: files.reduce(0) { $0 + $1.bytes },
          rounds: rounds)
      }
      rows.append(row("all", formats, runs.map { $0.round(of: formats, seconds: $0.seconds * Double(threads)) }))
      guard formats.count > 1 else { continue }
      for format in formats {
        rows.append(row("\(format)", [format], runs.map { $0.round(of: [format], seconds: nil) }))
      }
    }
    return DataReport(
      machine: .current(), data: FilePath("\(source)").components.last?.description ?? "/", size: options.size,
      channels: options.channels, rounds: options.rounds, files: listing.paths.count + listing.bad.count, tried: count,
      bad: listing.bad.count + found.bad.count, doubts: peak.doubts, results: rows)
  }
}

/// All pictures, one after the other, on some threads.
private struct Pipeline: Sendable {
  let paths: [FilePath]
  let size: Int
  let channels: Int

  struct File {
    var format: PictureFormat
    var bytes: Int
  }

  struct Result {
    /// From beginning to end.
    var seconds = 0.0
    /// By the number in `paths`.
    var good: [Int: File] = [:]
    var bad: [BadFile] = []
    var stages: [PictureFormat: [Double]] = [:]

    func round(of formats: [PictureFormat], seconds: Double?) -> DataReport.Round {
      var round = DataReport.Round()
      for format in formats {
        for (i, value) in (stages[format] ?? []).enumerated() { round.stageSeconds[i] += value }
      }
      round.wholeSeconds = seconds
      return round
    }
  }

  func run(_ numbers: [Int], threads: Int) -> Result {
    let queue = WorkQueue(count: numbers.count, chunk: 8)
    let result = Mutex(Result())
    let clock = ContinuousClock()
    let start = clock.now
    onThreads(threads) {
      var mine = Result()
      // As in a batch, the place of the crop is there before.
      var target = [UInt8](repeating: 0, count: size * size * channels)
      while let range = queue.take() {
        for i in numbers[range] { make(i, &target, &mine) }
      }
      result.withLock { $0.add(mine) }
    }
    let seconds = start.duration(to: clock.now) / .seconds(1)
    return result.withLock { result in
      result.seconds = seconds
      return result
    }
  }

  /// One picture, from file to crop.
  private func make(_ i: Int, _ target: inout [UInt8], _ result: inout Result) {
    let clock = ContinuousClock()
    var times: [ContinuousClock.Instant] = []
    times.reserveCapacity(5)
    times.append(clock.now)
    do throws(PictureError) {
      let bytes = try PictureFile.read(paths[i], maximumBytes: DecodeLimits.default.maximumFileBytes).bytes
      times.append(clock.now)
      let output = try PictureDecoder.codecOutput(bytes: bytes, channels: channels, shortSide: size)
      times.append(clock.now)
      let picture = output.finished()
      times.append(clock.now)
      picture.pixels.withUnsafeBytes { pixels in
        target.withUnsafeMutableBytes {
          CropMode.random.copySquare(
            of: pixels, width: picture.width, height: picture.height, channels: channels, size: size, seed: 0,
            epoch: 0, index: i, to: $0)
        }
      }
      times.append(clock.now)
      // It was decoded, so it begins like a picture.
      guard let format = PictureFormat(bytes) else { return }
      result.good[i] = File(format: format, bytes: bytes.count)
      for stage in DataReport.StageName.allCases {
        result.stages[format, default: [Double](repeating: 0, count: 4)][stage.rawValue] +=
          times[stage.rawValue].duration(to: times[stage.rawValue + 1]) / .seconds(1)
      }
    } catch {
      result.bad.append(BadFile(path: paths[i], reason: error.reason))
    }
  }
}

extension Pipeline.Result {
  fileprivate mutating func add(_ other: Self) {
    good.merge(other.good) { first, _ in first }
    bad += other.bad
    for (format, seconds) in other.stages {
      stages[format] = zip(stages[format] ?? seconds.map { _ in 0 }, seconds).map { $0 + $1 }
    }
  }
}
