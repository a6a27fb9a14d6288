// metrics.csv: one row per generator step. MetricsTable.swift reads it back.

import SystemSupport
import Training

/// The file, open for appending. Each row is one write, so a killed run loses none.
package final class MetricsLog {
  private let path: String
  private let descriptor: Int32
  private let columns: [MetricColumn]
  /// What the rows say so far.
  package private(set) var curves: LossCurves
  /// A line where rows up to `step` weren't there, or weren't whole.
  package let notice: String?

  /// Opens or makes the file and cuts off the rows past `step`: a run that goes on from there writes them anew. A file
  /// of an earlier version gets the columns that it hasn't, empty. Of a damaged one the whole rows are kept, and the
  /// file as it was stays beside it.
  /// - Throws: `Failure`; `.badData` where it has columns that this run doesn't write.
  package init(at path: String, columns: [MetricColumn], keepingRowsThrough step: Int) throws {
    self.path = path
    self.columns = columns
    let isThere = fileExists(path)
    let bytes = isThere ? try readFile(path) : []
    let kept = try MetricsTable(bytes, columns: columns.map(\.name), through: step, path: path)
    var notice = kept.missing(through: step).map { "\(path): \(isThere ? "" : "isn't there: ")\($0)" }
    if kept.damagedLines > 0 {
      let (folder, name) = splitPath(path)
      let place = RunPaths(folder).free(joinPath(folder, name + ".damaged"))
      try writeFile(bytes, to: place)
      notice =
        (notice ?? "\(path): \(kept.damagedLines) damaged lines are left out")
        + "; the file as it was is \(place)"
    }
    self.notice = notice
    if !bytes.starts(with: kept.text.utf8) { try writeFile(Array(kept.text.utf8), to: path) }
    curves = kept.curves
    do {
      descriptor = try openFile(path, O_RDWR | O_CREAT | O_APPEND)
    } catch {
      throw Failure(.cannotCreate, path, "can't be created", error)
    }
    do {
      try systemCall { ftruncate(descriptor, off_t(kept.text.utf8.count)) }
    } catch {
      throw Failure(.inputOutput, path, "can't be cut back to generator step \(step)", error)
    }
  }

  /// The step of the last whole row; 0 where there is none.
  static func lastStep(at path: String) -> Int {
    guard let bytes = try? readFile(path) else { return 0 }
    return MetricsTable.steps(bytes).max() ?? 0
  }

  package func append(_ metrics: StepMetrics) throws {
    let row = columns.map { $0.cell(metrics) }.joined(separator: ",") + "\n"
    try Array(row.utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    curves.append(
      step: metrics.step, wasserstein: metrics.criticLosses.wasserstein,
      heldOut: metrics.heldOutLosses?.wasserstein, distance: metrics.distances[SampleDistances.mean])
  }

  /// Rows on disk for good: called before a checkpoint that counts on them.
  package func synchronize() { fsync(descriptor) }

  deinit { close(descriptor) }
}
