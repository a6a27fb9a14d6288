// The answers: what is known of the run, in the form that the page wants it.

import NIOHTTP1
import Synchronization
import SystemSupport
import WGAN

/// Called from the reader's thread; answers don't wait for each other longer than a chunk of metrics.csv takes.
package final class Site: Sendable {
  private let run: Mutex<RunFollower>
  private let explorer: Explorer

  private static let largestPicture = 64 << 20

  package init(_ path: String) {
    run = Mutex(RunFollower(path))
    explorer = Explorer(RunPaths(path))
  }

  /// Looks at the run.
  /// - Returns: its report, and whether there is more to read at once.
  package func follow() -> (report: [UInt8], isBehind: Bool) {
    run.withLock { run in
      run.follow()
      return (Self.json(RunReport(run)), run.metrics.isBehind)
    }
  }

  package func answer(_ route: Route) -> Answer {
    do {
      // Drawing takes longer: the run isn't kept from others meanwhile.
      switch route {
      case .explorer(let name):
        return Answer(Self.jsonType, .bytes(Self.json(try explorer.description(of: checkpoint(name)))))
      case .explore(let request):
        let bytes = try explorer.draw(request, from: checkpoint(request.checkpoint))
        return Answer(request.form == .latents ? "application/octet-stream" : "image/png", .bytes(bytes))
      default: break
      }
      return try run.withLock { run in try Self.answer(route, &run) }
    } catch let refusal as Refusal {
      return Answer(refusal)
    } catch {
      return Answer(Refusal(.notFound, String(describing: error)))
    }
  }

  /// A name of the list of checkpoints; the newest one's where none was asked for.
  private func checkpoint(_ name: String?) throws(Refusal) -> String {
    let names = run.withLock { $0.checkpoints.map(\.name) }
    guard let last = names.last else { throw Refusal(.notFound, "the run has no checkpoint yet") }
    guard let name else { return last }
    guard names.contains(name) else { throw Refusal(.notFound, "the run has no such checkpoint any more") }
    return name
  }

  private static func answer(_ route: Route, _ run: inout RunFollower) throws -> Answer {
    switch route {
    case .page(let file): return Answer(file.type, .bytes(file.bytes))
    case .events: return Answer("text/event-stream", .events)
    case .report:
      run.follow()
      return Answer(jsonType, .bytes(json(RunReport(run))))
    case .columns: return Answer(jsonType, .bytes(json(ColumnList(run))))
    case .galleries: return Answer(jsonType, .bytes(json(GalleryList(run))))
    case .curves(let request):
      return Answer("application/octet-stream", .bytes(try run.curves(request)))
    case .gallery(let step):
      guard let gallery = run.galleries.first(where: { $0.step == step }) else {
        throw Refusal(.notFound, "there is no gallery of that step")
      }
      return try picture(run.paths.sample(generatorSteps: gallery.step))
    case .realPictures:
      guard run.realPictures != nil else { throw Refusal(.notFound, "this run has no real.png") }
      return try picture(run.paths.real)
    case .explorer, .explore: throw Refusal(.notFound, "there is nothing of that name")
    }
  }

  private static let jsonType = "application/json"

  private static func json(_ value: some Encodable) -> [UInt8] { (try? RunJSON.encode(value)) ?? Array("{}".utf8) }

  private static func picture(_ path: String) throws -> Answer {
    let file = try InputFile(at: path, followingLinks: false)
    guard file.size <= largestPicture else { throw Refusal(.notFound, "\(path) is too large for a page") }
    return Answer("image/png", .file(SentFile(file)), isKept: true)
  }
}

extension RunFollower {
  /// Little-endian numbers of 32 bits: the generation; then for each column how many buckets it has, their first and
  /// their last steps as whole numbers, their least values, medians and greatest values as floating-point ones.
  mutating func curves(_ request: CurvesRequest) throws(Refusal) -> [UInt8] {
    var words = [UInt32(truncatingIfNeeded: metrics.generation)]
    for name in request.columns {
      guard let buckets = buckets(of: name, request.steps, most: request.buckets) else {
        throw Refusal(.notFound, "metrics.csv has no such column")
      }
      words.append(UInt32(buckets.count))
      words += buckets.map(\.firstStep)
      words += buckets.map(\.lastStep)
      words += buckets.map(\.summary.low.bitPattern)
      words += buckets.map(\.summary.median.bitPattern)
      words += buckets.map(\.summary.high.bitPattern)
    }
    return words.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }
}

/// The galleries there are, as the page wants them.
private struct GalleryList: Encodable {
  /// For each its step, and a number that changes when it's replaced.
  let galleries: [[Int64]]
  /// The same number of real.png; nil: there is none.
  let real: Int64?
  /// A cell's width and height, and how a sheet is laid out; nil: not known.
  let size: Int?
  let columns = 8
  let count = 64
  let spacing = 2

  init(_ run: RunFollower) {
    galleries = run.galleries.map { [Int64($0.step), $0.version] }
    real = run.realPictures?.version
    size = run.configuration?.training.size
  }
}
