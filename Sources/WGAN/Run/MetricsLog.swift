// metrics.csv: one row per generator step.

import SystemSupport

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
  /// Of held-out pictures, after the step; nil where it wasn't evaluated.
  package var heldOutLosses: CriticLosses?

  package init(
    step: Int, epoch: Int, seconds: Double, criticLosses: CriticLosses, generatorLoss: Float,
    heldOutLosses: CriticLosses? = nil
  ) {
    self.step = step
    self.epoch = epoch
    self.seconds = seconds
    self.criticLosses = criticLosses
    self.generatorLoss = generatorLoss
    self.heldOutLosses = heldOutLosses
  }

  package static let header = formerHeader + ",held_out_d_loss"
  /// Of version 0.1.0's first runs.
  static let formerHeader = "step,epoch,seconds,d_loss,g_loss,real_loss,fake_loss,wasserstein"

  package var row: String {
    let difference = criticLosses.difference
    let milliseconds = seconds.isFinite ? Int((max(0, seconds) * 1000).rounded()) : 0
    let fraction = String(1000 + milliseconds % 1000).dropFirst()
    return "\(step),\(epoch),\(milliseconds / 1000).\(fraction),\(difference),\(generatorLoss),"
      + "\(criticLosses.real),\(criticLosses.fake),\(0 - difference),"
      + (heldOutLosses.map { "\($0.difference)" } ?? "")
  }
}

/// The file, open for appending. Each row is one write, so a killed run loses none.
package final class MetricsLog {
  private let path: String
  private let descriptor: Int32
  /// What the rows say so far.
  package private(set) var curves: LossCurves

  /// Opens or makes the file and cuts off the rows past `step`: a run that goes on from there writes them anew. A file
  /// of an earlier version gets the columns that it hasn't, empty.
  /// - Throws: `Failure`; `Failure(.badData)` where it is another table than this one.
  package init(at path: String, keepingRowsThrough step: Int) throws {
    self.path = path
    let bytes = fileExists(path) ? try readFile(path) : []
    let kept = try Self.kept(bytes, through: step, path: path)
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
    try Array((metrics.row + "\n").utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    curves.append(
      step: metrics.step, wasserstein: 0 - metrics.criticLosses.difference,
      heldOut: metrics.heldOutLosses.map { 0 - $0.difference })
  }

  /// Rows on disk for good: called before a checkpoint that counts on them.
  package func synchronize() { fsync(descriptor) }

  /// The header and the whole rows up to `step`.
  private static func kept(_ bytes: [UInt8], through step: Int, path: String) throws -> (
    text: String, curves: LossCurves
  ) {
    var text = StepMetrics.header + "\n"
    var curves = LossCurves()
    // Half a line at the end is what a killed process left.
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    guard let header = lines.first else { return (text, curves) }
    let isFormer = header.elementsEqual(StepMetrics.formerHeader.utf8)
    guard isFormer || header.elementsEqual(StepMetrics.header.utf8) else {
      throw Failure(
        .badData, "\(path): its columns aren't those that this version writes (\(StepMetrics.header)); move it away")
    }
    for line in lines.dropFirst() {
      let row = String(decoding: line, as: UTF8.self) + (isFormer ? "," : "")
      let fields = row.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == 9, let number = Int(fields[0]), number <= step else { break }
      text += row + "\n"
      curves.append(step: number, wasserstein: Float(fields[7]) ?? .nan, heldOut: Float(fields[8]).map { 0 - $0 })
    }
    return (text, curves)
  }

  deinit { close(descriptor) }
}
