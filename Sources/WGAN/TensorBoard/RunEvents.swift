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
  ///   - notice: told of what of metrics.csv and of the galleries can't be used or isn't there, in lines.
  ///   - body: told one record at a time.
  /// - Returns: how many rows and galleries there were.
  /// - Throws: `Failure`, what `body` throws.
  @discardableResult
  static func forEach(
    of paths: RunPaths, through last: Int = .max, notice: (String) -> Void, _ body: ([UInt8]) throws -> Void
  ) throws -> (rows: Int, galleries: Int) {
    let isOld = try isThere(paths.metrics)
    let bytes = isOld ? try readFile(paths.metrics) : []
    let written = (try? fileStatus(paths.metrics)).map { Double($0.modifiedNanoseconds) * 1e-9 } ?? wallClockSeconds()
    func seconds(_ cells: [(column: String, text: String)]) -> Double {
      cells.first { $0.column == "seconds" }.flatMap { Double($0.text) } ?? 0
    }
    var age = 0.0
    MetricsTable.forEachRow(bytes) { step, cells in if step <= last { age = max(age, seconds(cells)) } }
    var galleries = try paths.galleries().filter { $0.generatorSteps <= last }[...]
    var (steps, damagedLines, drawn) = ([Int](), [Int](), 0)
    var (before, time) = (0, written - age)
    func writeGalleries(before step: Int) throws {
      while let next = galleries.first, next.generatorSteps < step {
        galleries.removeFirst()
        do {
          try body(record(ofGallery: next.path, step: next.generatorSteps, wallTime: time))
          drawn += 1
        } catch let error as any ClassifiedError where error.failureKind == .badData {
          notice("left out: \(error)")
        }
      }
    }
    try MetricsTable.forEachRow(bytes, damaged: { damagedLines.append($0) }) { step, cells in
      // A damaged file may say a step twice.
      guard before < step, step <= last else { return }
      try writeGalleries(before: step)
      (before, time) = (step, written - age + seconds(cells))
      try body(record(ofRow: cells, step: step, wallTime: time))
      steps.append(step)
    }
    try writeGalleries(before: .max)
    // A run has a row of each step that a checkpoint has behind it.
    let saved = (try? paths.checkpoints.states().map { $0.state.position.generatorSteps }.max()) ?? 0
    let end = max(steps.last ?? 0, min(saved, last))
    for line in flaws(isThere: isOld, steps, through: end, damagedLines) { notice("\(paths.metrics): \(line)") }
    return (steps.count, drawn)
  }

  /// What metrics.csv hasn't, in lines.
  private static func flaws(isThere: Bool, _ steps: [Int], through end: Int, _ damagedLines: [Int]) -> [String] {
    if !isThere { return ["isn't there: galleries alone are shown"] }
    if damagedLines == [1] { return ["its first line doesn't name the columns: galleries alone are shown"] }
    let others = damagedLines.count > 3 ? " and \(damagedLines.count - 3) others" : ""
    let shown = damagedLines.prefix(3).map(String.init).joined(separator: ", ") + others
    return [
      damagedLines.isEmpty
        ? nil
        : damagedLines.count == 1 ? "line \(shown) isn't a row: left out" : "lines \(shown) aren't rows: left out",
      steps.isEmpty ? "has no row: galleries alone are shown" : MetricsTable.missing(of: steps, through: end),
    ].compactMap(\.self)
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
    let (rows, galleries) = try forEach(of: paths, notice: notice) { try file.write($0) }
    if rows + galleries == 0 {
      throw Failure(.missing, "\(run): has no row of metrics.csv and no gallery yet: there is nothing to show")
    }
    try claim?.check()
    try file.commit()
    notice(
      "written: \(counted(rows, "row")) of metrics.csv, \(counted(galleries, "gallery", "galleries"))")
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
