// metrics.csv: one row per generator step. MetricsTable.swift reads it back.

import SystemSupport
import Training

/// The file, open for appending. Each row is one write, so a killed run loses none. One that can't be written is tried
/// again before a checkpoint counts on it.
package final class MetricsLog {
  private let path: String
  private var descriptor: Int32
  private let columns: [MetricColumn]
  /// What the rows say so far.
  package private(set) var curves: LossCurves
  /// A line where rows up to `step` weren't there, or weren't whole.
  package let notice: String?
  /// Of the rows that are whole in the file.
  private var size: Int
  /// Rows that aren't. Part of the first may be there.
  private var unwritten: [UInt8] = []

  /// Opens or makes the file and cuts off the rows past `step`: a run that goes on from there writes them anew. A file
  /// of an earlier version gets the columns that it hasn't, empty. Of a damaged one the whole rows are kept, and the
  /// file as it was stays beside it.
  /// - Throws: `Failure`; `.badData` where it has columns that this run doesn't write.
  package init(at path: String, columns: [MetricColumn], keepingRowsThrough step: Int) throws {
    self.path = path
    self.columns = columns
    // Thrown where it can't be known: taken for missing, it would be written over.
    let isOld = try isThere(path)
    let bytes = isOld ? try readFile(path) : []
    let kept = try MetricsTable(bytes, columns: columns.map(\.name), through: step, path: path)
    var notice = kept.missing(through: step).map { "\(path): \(isOld ? "" : "isn't there: ")\($0)" }
    if kept.isDamaged {
      let place = freePath(path + Self.damagedSuffix)
      try writeFile(bytes, to: place)
      notice =
        (notice
          ?? "\(path): "
          + (kept.damagedLines > 0 ? "\(kept.damagedLines) damaged lines are left out" : "has no columns"))
        + "; the file as it was is \(place)"
    }
    self.notice = notice
    if !bytes.starts(with: kept.text.utf8) { try writeFile(Array(kept.text.utf8), to: path) }
    curves = kept.curves
    size = kept.text.utf8.count
    do {
      descriptor = try openFile(path, O_RDWR | O_CREAT | O_APPEND)
    } catch {
      throw Failure(.cannotCreate, path, "can't be created", error)
    }
    do {
      try systemCall { ftruncate(descriptor, off_t(size)) }
    } catch {
      throw Failure(.inputOutput, path, "can't be cut back to generator step \(step)", error)
    }
  }

  private static let damagedSuffix = ".damaged"

  /// The step of the last whole row; 0 where there is none.
  /// - Throws: where that can't be known.
  static func lastStep(at path: String) throws(Failure) -> Int {
    try isThere(path) ? MetricsTable.steps(readFile(path)).max() ?? 0 : 0
  }

  package func append(_ metrics: StepMetrics) throws {
    let row = columns.map { $0.cell(metrics) }.joined(separator: ",") + "\n"
    unwritten += row.utf8
    try writeRows()
    curves.append(
      step: metrics.step, wasserstein: metrics.criticLosses.wasserstein,
      heldOut: metrics.heldOutLosses?.wasserstein, distance: metrics.distances[SampleDistances.mean])
  }

  private func writeRows() throws {
    try unwritten.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    size += unwritten.count
    unwritten = []
  }

  /// Rows on disk for good: called before a checkpoint that counts on them. It's worth more than they are, so whether
  /// that works isn't asked.
  /// - Returns: a line where the file was removed, or another put in its place.
  @discardableResult
  package func synchronize() -> String? {
    if !unwritten.isEmpty, (try? systemCall { ftruncate(descriptor, off_t(size)) }) != nil { try? writeRows() }
    let line = putBack()
    try? syncFile(descriptor)
    return line
  }

  /// Where another file lies at the path, or none, what was written is put there: it's still in the open one.
  private func putBack() -> String? {
    var own = stat()
    guard (try? systemCall { fstat(descriptor, &own) }) != nil else { return nil }
    let there: stat?
    do {
      there = try fileStatus(path)
    } catch {
      // What can't be known isn't taken for missing.
      if error.code != ENOENT && error.code != ENOTDIR { return nil }
      there = nil
    }
    if let there, there.st_dev == own.st_dev, there.st_ino == own.st_ino { return nil }
    let what = "\(path): was \(there == nil ? "removed" : "replaced") while the run trains"
    do {
      let place = try copyBack(besideOther: there != nil)
      return what + ", and is put back with all its rows" + (place.map { "; the other file is \($0)" } ?? "")
    } catch {
      return "\(what), and can't be put back: \(error)"
    }
  }

  /// - Returns: where the file is that lay there.
  private func copyBack(besideOther: Bool) throws -> String? {
    var bytes = [UInt8](repeating: 0, count: size)
    guard try bytes.withUnsafeMutableBytes({ try readBytes(into: $0, from: descriptor, at: 0) }) == size else {
      throw Failure(.inputOutput, path, "is shorter than what was written")
    }
    let place = besideOther ? freePath(path + Self.damagedSuffix) : nil
    if let place { try renameFile(path, to: place) }
    try writeFile(bytes, to: path)
    let new = try openFile(path, O_RDWR | O_APPEND)
    try? closeFile(descriptor)
    descriptor = new
    return place
  }

  deinit { close(descriptor) }
}
