// metrics.csv: one row per generator step.

import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The losses at a generator step: the critic's are those of the last critic step before it.
package struct StepMetrics: Sendable, Equatable {
  /// 1-based: the number of generator steps done with this one.
  package var step: Int
  /// 1-based: the epoch the step belongs to.
  package var epoch: Int
  /// Of training, over all the parts of an interrupted run.
  package var seconds: Double
  package var criticLosses: CriticLosses
  package var generatorLoss: Float

  package init(step: Int, epoch: Int, seconds: Double, criticLosses: CriticLosses, generatorLoss: Float) {
    self.step = step
    self.epoch = epoch
    self.seconds = seconds
    self.criticLosses = criticLosses
    self.generatorLoss = generatorLoss
  }

  package static let header = "step,epoch,seconds,d_loss,g_loss,real_loss,fake_loss,wasserstein"

  package var row: String {
    let difference = criticLosses.difference
    let milliseconds = seconds.isFinite ? Int((max(0, seconds) * 1000).rounded()) : 0
    let fraction = String(1000 + milliseconds % 1000).dropFirst()
    return "\(step),\(epoch),\(milliseconds / 1000).\(fraction),\(difference),\(generatorLoss),"
      + "\(criticLosses.real),\(criticLosses.fake),\(0 - difference)"
  }
}

/// The file, open for appending. Each row is one write, so a killed run loses none.
package final class MetricsLog {
  private let path: String
  private let descriptor: Int32

  /// Opens or makes the file and cuts off the rows past `step`: a run that goes on from there writes them anew.
  /// - Throws: `FileError`.
  package init(at path: String, keepingRowsThrough step: Int) throws {
    self.path = path
    let kept = fileExists(path) ? Self.keptLength(try readFile(path), through: step) : 0
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw FileError(.cannotCreate, path, "can't be created", errno: errno) }
    if ftruncate(descriptor, off_t(kept)) != 0 {
      throw FileError(.inputOutput, path, "can't be cut back to generator step \(step)", errno: errno)
    }
    if kept == 0 { try append(StepMetrics.header) }
  }

  package func append(_ metrics: StepMetrics) throws { try append(metrics.row) }

  /// Rows on disk for good: called before a checkpoint that counts on them.
  package func synchronize() { fsync(descriptor) }

  private func append(_ line: String) throws {
    try Array((line + "\n").utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
  }

  /// Bytes of the header and of the whole rows up to `step`: 0 if the header is another.
  static func keptLength(_ bytes: [UInt8], through step: Int) -> Int {
    var kept = 0
    var lineStart = 0
    while let lineEnd = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = bytes[lineStart..<lineEnd]
      if lineStart == 0 {
        guard line.elementsEqual(StepMetrics.header.utf8) else { return 0 }
      } else {
        guard let row = Int(String(decoding: line.prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)), row <= step
        else { break }
      }
      kept = lineEnd + 1
      lineStart = kept
    }
    return kept
  }

  deinit { close(descriptor) }
}
