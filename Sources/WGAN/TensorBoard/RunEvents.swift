// A run's metrics and galleries as events: what each is called, and those of a run that was.

import Images
import SystemSupport
import Training

package enum RunEvents {
  static let gallery = "samples"

  /// TensorBoard shows together what has the same word before the slash.
  package static func tag(ofColumn name: String) -> String {
    if name.hasPrefix(SampleDistances.mean) || name == TrainingAdvice.duplicates { return "distances/" + name }
    if ["epoch", "seconds", "rollbacks"].contains(name) { return "run/" + name }
    return "losses/" + name
  }

  /// A row of metrics.csv; cells without a number are left out.
  static func record(ofRow cells: [(column: String, text: String)], step: Int, wallTime: Double) -> [UInt8] {
    let values = cells.compactMap { column, text in Float(text).map { (tag(ofColumn: column), $0) } }
    return EventRecord.scalars(values, step: step, wallTime: wallTime)
  }

  /// - Throws: `Failure`, `PictureError`.
  static func record(ofGallery path: String, step: Int, wallTime: Double) throws -> [UInt8] {
    let png = try readFile(path, limit: 1 << 28)
    guard png.starts(with: [0x89] + Array("PNG".utf8)) else { throw Failure(.badData, "\(path): isn't a PNG") }
    let header: PNGHeader
    do { header = try PNGHeader(png) } catch { throw error.at(path) }
    return EventRecord.image(
      gallery, png: png, width: header.width, height: header.height, channels: header.channels, step: step,
      wallTime: wallTime)
  }

  /// All that the folder of a run says up to a step, in the order of steps. No clock was written down, so the last row
  /// is taken to be as old as the file.
  ///
  /// - Parameters:
  ///   - notice: told of galleries that can't be used.
  ///   - body: told one record at a time.
  /// - Throws: `Failure`, what `body` throws.
  static func forEach(
    of paths: RunPaths, through last: Int = .max, notice: (String) -> Void, _ body: ([UInt8]) throws -> Void
  ) throws {
    let isOld = try isThere(paths.metrics)
    let bytes = isOld ? try readFile(paths.metrics) : []
    let written = (try? fileStatus(paths.metrics)).map { Double($0.modifiedNanoseconds) * 1e-9 } ?? wallClockSeconds()
    func seconds(_ cells: [(column: String, text: String)]) -> Double {
      cells.first { $0.column == "seconds" }.flatMap { Double($0.text) } ?? 0
    }
    var end = 0.0
    MetricsTable.forEachRow(bytes) { step, cells in if step <= last { end = max(end, seconds(cells)) } }
    var galleries = try paths.galleries().filter { $0.generatorSteps <= last }[...]
    var (before, time) = (0, written - end)
    func writeGalleries(before step: Int) throws {
      while let next = galleries.first, next.generatorSteps < step {
        galleries.removeFirst()
        do {
          try body(record(ofGallery: next.path, step: next.generatorSteps, wallTime: time))
        } catch let error as any ClassifiedError where error.failureKind == .badData {
          notice("left out: \(error)")
        }
      }
    }
    try MetricsTable.forEachRow(bytes) { step, cells in
      // A damaged file may say a step twice.
      guard before < step, step <= last else { return }
      try writeGalleries(before: step)
      (before, time) = (step, written - end + seconds(cells))
      try body(record(ofRow: cells, step: step, wallTime: time))
    }
    try writeGalleries(before: .max)
  }

  /// Writes an event file of all of a run into a folder that has none, whole or not at all.
  ///
  /// - Parameter folder: nil: the run's own place for them, which a run in training doesn't give away.
  /// - Returns: the file's path.
  /// - Throws: `Failure`.
  package static func export(run: String, to folder: String?, notice: (String) -> Void) throws -> String {
    let paths = RunPaths(run)
    _ = try paths.configuration()
    let claim = folder == nil ? try RunClaim.open(run) : nil
    let folder = folder ?? paths.events
    if let other = try EventFiles.names(in: folder).last {
      throw Failure(
        .cannotCreate,
        "\(joinPath(folder, other)): is there already, and TensorBoard would show both as one: give "
          + "another folder as --out")
    }
    try makeFolder(folder)
    let path = joinPath(folder, EventFiles.name(1))
    let file = try AtomicFile(at: path)
    let now = wallClockSeconds()
    try file.write(EventRecord.fileVersion(wallTime: now) + EventRecord.sessionStart(step: 0, wallTime: now))
    var count = 0
    try forEach(of: paths, notice: notice) { record in
      try file.write(record)
      count += 1
    }
    if count == 0 {
      throw Failure(.missing, "\(run): has no row of metrics.csv and no gallery yet: there is nothing to show")
    }
    try claim?.check()
    try file.commit()
    return path
  }
}

/// The event files of a folder. TensorBoard reads them in the order of their names.
enum EventFiles {
  static func name(_ number: Int) -> String { "events.out.tfevents.\(zeroPadded(number)).wgan" }

  /// Ours and others', in order.
  static func names(in folder: String) throws -> [String] {
    try isThere(folder) ? folderNames(folder).filter { $0.contains("tfevents") }.sorted() : []
  }
}
