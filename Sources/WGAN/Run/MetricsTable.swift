// A metrics.csv, read back: its whole rows up to a step, in the columns of now, and what is missing of them.

import SystemSupport
import Training

package struct MetricsTable {
  /// What is kept.
  package private(set) var text: String
  private(set) var curves = LossCurves()
  /// Lines that are no rows, before the last row that is kept.
  package private(set) var damagedLines = 0
  /// Whether the first line isn't whole, and isn't the beginning of ours either, which a killed process may have left.
  private var hasNoColumns = false
  private var steps: [Int] = []

  /// - Parameter path: for errors.
  /// - Throws: `Failure(.badData)` where there are columns that this run doesn't write.
  package init(_ bytes: [UInt8], columns: [String], through step: Int, path: String) throws(Failure) {
    let header = columns.joined(separator: ",")
    text = header + "\n"
    var lines = MetricsLines(bytes)
    guard let first = lines.next() else {
      hasNoColumns = !bytes.isEmpty && !(step == 0 && header.utf8.starts(with: bytes))
      return
    }
    let names = MetricsRow.fields(first)
    guard names.contains(MetricColumn.step), Set(names).count == names.count, names.allSatisfy(columns.contains) else {
      throw Failure(
        .badData, "\(path): its columns aren't those that this version writes (\(header)); move it away")
    }
    var rows: [Int: ArraySlice<UInt8>] = [:]
    // Damaged lines before the last row that is kept, and behind it.
    var (before, behind) = (0, 0)
    while let line = lines.next() {
      let found = Self.row(line, names)?.step
      if let found, found > step { continue }
      if let found, rows[found] == nil {
        rows[found] = line
        (before, behind) = (before + behind, 0)
      } else {
        behind += 1
      }
    }
    // Past the last row that is kept nothing is: what is damaged there is written anew, unless rows are missing.
    steps = rows.keys.sorted()
    damagedLines = steps.count < step ? before + behind + (lines.endsInHalf ? 1 : 0) : before
    for step in steps {
      if let row = rows[step].flatMap({ Self.row($0, names) }) { append(row.cells, step: step, columns) }
    }
  }

  /// Whether there is more in the file than what is kept, and than what a killed process has left.
  package var isDamaged: Bool { damagedLines > 0 || hasNoColumns }

  private mutating func append(_ row: [String: String], step: Int, _ columns: [String]) {
    text += columns.map { row[$0] ?? "" }.joined(separator: ",") + "\n"
    func value(_ column: String) -> Float? { row[column].flatMap { Float($0) } }
    curves.append(
      step: step, wasserstein: value(MetricColumn.wasserstein) ?? .nan, heldOut: Self.heldOut(value),
      distance: value(SampleDistances.mean))
  }

  /// The held-out pictures' estimate. Rows of an earlier version have their loss alone, which says it where the loss is
  /// Wasserstein's.
  private static func heldOut(_ value: (String) -> Float?) -> Float? {
    if let estimate = value(MetricColumn.heldOutWasserstein) { return estimate }
    let estimate = value(MetricColumn.wasserstein)
    let isWasserstein = value(MetricColumn.criticLoss).map { 0 - $0 == estimate } ?? true
    return isWasserstein ? value(MetricColumn.heldOutLoss).map { 0 - $0 } : nil
  }

  /// "the rows of steps 3 to 5 and 9 are missing", of 1 to `step`; nil where none is.
  package func missing(through step: Int) -> String? { Self.missing(of: steps, through: step) }

  /// The same of rows with these steps, in their order.
  static func missing(of steps: [Int], through step: Int) -> String? {
    var gaps: [ClosedRange<Int>] = []
    var next = 1
    for there in steps + [step + 1] {
      if there > next { gaps.append(next...there - 1) }
      next = there + 1
    }
    if gaps.isEmpty { return nil }
    let shown = gaps.prefix(3).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
    let rest = gaps.count > shown.count ? " and others (\(gaps.reduce(0) { $0 + $1.count }) in all)" : ""
    let isOne = gaps.count == 1 && gaps[0].count == 1
    return "the \(isOne ? "row of step" : "rows of steps") \(shown.joined(separator: ", "))\(rest) "
      + "\(isOne ? "is" : "are") missing" + (steps.isEmpty ? "" : ", the others are kept")
  }

  /// The steps of all whole rows, whatever the columns.
  package static func steps(_ bytes: [UInt8]) -> [Int] {
    var steps: [Int] = []
    forEachRow(bytes) { step, _ in steps.append(step) }
    return steps
  }

  /// All whole rows, whatever the columns: the step, and the cells by their columns in the file's order, `step` and
  /// empty ones left out.
  /// - Parameter damaged: told the number of each line that is none, from 1 on.
  static func forEachRow<E: Error>(
    _ bytes: [UInt8], damaged: (_ line: Int) -> Void = { _ in },
    _ body: (_ step: Int, _ cells: [(column: String, text: String)]) throws(E) -> Void
  ) throws(E) {
    var lines = MetricsLines(bytes)
    guard let names = lines.next().map(MetricsRow.fields) else { return }
    if !names.contains(MetricColumn.step) { return damaged(1) }
    var number = 1
    while let line = lines.next() {
      number += 1
      guard let (step, cells) = row(line, names) else {
        if !line.isEmpty { damaged(number) }
        continue
      }
      try body(
        step,
        names.compactMap { name in
          guard name != MetricColumn.step, let text = cells[name], !text.isEmpty else { return nil }
          return (name, text)
        })
    }
  }

  /// A row's step and cells by their columns' names; nil where the line isn't one.
  private static func row(_ line: ArraySlice<UInt8>, _ names: [String]) -> (step: Int, cells: [String: String])? {
    guard let fields = MetricsRow.cells(line, of: names.count) else { return nil }
    let cells = Dictionary(zip(names, fields)) { first, _ in first }
    guard let step = cells[MetricColumn.step].flatMap(MetricsRow.step) else { return nil }
    return (step, cells)
  }
}
