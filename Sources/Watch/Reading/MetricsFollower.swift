// metrics.csv, followed as it grows. Only what is new is read; a file that was replaced or cut, as by --resume, is read
// anew from its beginning.

import Configuration
import SystemSupport
import Training
import WGAN

package struct MetricsFollower {
  /// How often the file was begun anew: what was said of an earlier one counts no more.
  package private(set) var generation = 0
  /// Its columns but for the step, in the file's order.
  package private(set) var columns: [String] = []
  private var series: [MetricSeries] = []
  package private(set) var rows = 0
  /// Lines that aren't rows, and rows that aren't behind the one before.
  package private(set) var damagedLines = 0
  package private(set) var lastStep = 0
  /// Each column's last value.
  package var last: [String: Float] {
    Dictionary(uniqueKeysWithValues: zip(columns, lastValues).compactMap { name, value in value.map { (name, $0) } })
  }
  /// Steps and seconds of the last rows.
  package private(set) var times: [(step: Int, seconds: Double)] = []
  /// What the rows gave reason to say, and at which step.
  package private(set) var advice: [(step: Int, line: String)] = []
  /// Why the file can't be read; nil: it can.
  package private(set) var problem: String?
  /// Bytes of the file, and of those the ones that were read.
  package private(set) var size = 0
  package private(set) var place = 0

  private var lastValues: [Float?] = []
  /// The columns' places.
  private var places: [String: Int] = [:]
  private let path: String
  private var identity: FileIdentity?
  private var stepColumn: Int?
  /// Half a line, which the file ended in.
  private var half: [UInt8] = []
  /// What the file had before `place`: who cuts it and writes on has others there.
  private var tail: [UInt8] = []
  private var adviser: TrainingAdvice?
  private var configuration: TrainingConfiguration?

  private static let chunk = 1 << 20
  private static let longestLine = 1 << 14
  private static let keptTimes = 200
  private static let mostColumns = 100

  package init(_ path: String) { self.path = path }

  /// Whether there is more to read at once.
  package var isBehind: Bool { problem == nil && place < size }

  /// Advice hangs on what is trained; it is given anew from the first row on.
  package mutating func setConfiguration(_ new: TrainingConfiguration?) {
    if new == configuration { return }
    configuration = new
    begin()
  }

  /// Reads what has come, a chunk at most.
  package mutating func follow() {
    do {
      try readOn()
      problem = nil
    } catch {
      if identity != nil || !columns.isEmpty { begin() }
      problem = error.kind == .missing ? "metrics.csv isn't there yet" : error.description
    }
  }

  private mutating func begin() {
    generation += 1
    (columns, series, rows, damagedLines, lastStep, lastValues, times, advice) = ([], [], 0, 0, 0, [], [], [])
    (size, place, identity, stepColumn, half, tail) = (0, 0, nil, nil, [], [])
    adviser = configuration.map { TrainingAdvice($0) }
  }

  private mutating func readOn() throws(Failure) {
    // Opened only where it isn't as it was: this is asked each second.
    if let status = try? fileStatus(path, followingLinks: false), FileIdentity(status) == identity,
      Int(status.st_size) == place
    {
      return
    }
    let file = try InputFile(at: path, followingLinks: false)
    let found = FileIdentity(file.status)
    var isSame = identity == found && file.size >= place
    if isSame { isSame = try file.bytes(place - tail.count..<place) == tail }
    if !isSame {
      begin()
      identity = found
    }
    size = file.size
    let bytes = try file.bytes(place..<min(place + Self.chunk, size))
    if bytes.isEmpty { return }
    place += bytes.count
    tail = Array((tail + bytes).suffix(256))
    read(half + bytes)
  }

  /// A column's values in `steps`, thinned to `most` buckets; nil where there is no such column.
  package mutating func buckets(of column: String, _ steps: ClosedRange<Int>, most: Int) -> [MetricSeries.Bucket]? {
    columns.firstIndex(of: column).map { series[$0].buckets(steps, most: most) }
  }

  // MARK: - Rows

  private mutating func read(_ bytes: [UInt8]) {
    var lines = MetricsLines(bytes)
    while let line = lines.next() {
      if columns.isEmpty { readHeader(line) } else if !line.isEmpty { readRow(line) }
    }
    half = Array(bytes[lines.place...])
    // No line of ours is as long: what is damaged isn't collected for ever.
    if half.count > Self.longestLine { half.removeAll() }
  }

  private mutating func readHeader(_ line: ArraySlice<UInt8>) {
    let names = MetricsRow.fields(line)
    guard let step = names.firstIndex(of: MetricColumn.step), Set(names).count == names.count,
      names.count <= Self.mostColumns, names.allSatisfy(Self.isName)
    else {
      damagedLines += 1
      return
    }
    stepColumn = step
    columns = names.filter { $0 != MetricColumn.step }
    series = columns.map { _ in MetricSeries() }
    lastValues = columns.map { _ in nil }
    places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
  }

  /// As ours are: letters, digits and underscores.
  private static func isName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
          || $0 == UInt8(ascii: "_")
      }
  }

  private mutating func readRow(_ line: ArraySlice<UInt8>) {
    guard let stepColumn, var cells = MetricsRow.numbers(line, of: columns.count + 1),
      let step = cells.remove(at: stepColumn).flatMap({ Int(exactly: $0) }), step > lastStep,
      let number = UInt32(exactly: step)
    else {
      damagedLines += 1
      return
    }
    rows += 1
    lastStep = step
    for i in cells.indices {
      guard let cell = cells[i] else { continue }
      series[i].append(step: number, Float(cell))
      lastValues[i] = Float(cell)
    }
    if let seconds = places["seconds"].flatMap({ cells[$0] }), seconds.isFinite {
      times.append((step, seconds))
      if times.count > Self.keptTimes { times.removeFirst(Self.keptTimes / 2) }
    }
    guard let adviser else { return }
    let row = StepMetrics(step: step) { [places] name in places[name].flatMap { cells[$0] }.map { Float($0) } }
    for line in adviser.lines(of: row) { advice.append((step, line)) }
  }
}
