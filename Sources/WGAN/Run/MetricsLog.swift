// metrics.csv: one row per generator step.

import SystemSupport
import Training

/// The file, open for appending. Each row is one write, so a killed run loses none.
package final class MetricsLog {
  private let path: String
  private let descriptor: Int32
  private let columns: [MetricColumn]
  /// What the rows say so far.
  package private(set) var curves: LossCurves

  /// Opens or makes the file and cuts off the rows past `step`: a run that goes on from there writes them anew. A file
  /// of an earlier version gets the columns that it hasn't, empty.
  /// - Throws: `Failure`; `.badData` where it has columns that this run doesn't write.
  package init(at path: String, columns: [MetricColumn], keepingRowsThrough step: Int) throws {
    self.path = path
    self.columns = columns
    let bytes = fileExists(path) ? try readFile(path) : []
    let kept = try MetricsTable(bytes, columns: columns.map(\.name), through: step, path: path)
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

/// A metrics.csv, read back: its whole rows up to a step, in the columns of now.
private struct MetricsTable {
  private(set) var text: String
  private(set) var curves = LossCurves()

  init(_ bytes: [UInt8], columns: [String], through step: Int, path: String) throws(Failure) {
    let header = columns.joined(separator: ",")
    text = header + "\n"
    // Half a line at the end is what a killed process left.
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    guard let first = lines.first else { return }
    let names = Self.fields(first)
    guard names.contains(MetricColumn.step), Set(names).count == names.count, names.allSatisfy(columns.contains) else {
      throw Failure(
        .badData, "\(path): its columns aren't those that this version writes (\(header)); move it away")
    }
    for line in lines.dropFirst() {
      let fields = Self.fields(line)
      guard fields.count == names.count else { break }
      let row = Dictionary(uniqueKeysWithValues: zip(names, fields))
      guard let number = row[MetricColumn.step].flatMap({ Int($0) }), number <= step else { break }
      text += columns.map { row[$0] ?? "" }.joined(separator: ",") + "\n"
      func value(_ column: String) -> Float? { row[column].flatMap { Float($0) } }
      curves.append(
        step: number, wasserstein: value(MetricColumn.wasserstein) ?? .nan,
        heldOut: value(MetricColumn.heldOut).map { 0 - $0 }, distance: value(SampleDistances.mean))
    }
  }

  private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }
}
