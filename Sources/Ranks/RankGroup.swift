// Processes that train one pair of nets together, each on its part of every batch: what they do in common. MPIRanks is
// such a group.

import SystemSupport

/// Ranks 0 ..< count. All make the same calls in the same order, one at a time; a call returns where every rank has
/// made it. Whatever one rank gets of a call, all get to the bit.
package protocol RankGroup: AnyObject, Sendable {
  var rank: Int { get }
  var count: Int { get }

  /// Every rank's bytes; they needn't be as many.
  func gather(_ bytes: UnsafeRawBufferPointer) -> Gathered

  /// values[i] = the sum of all ranks' values[i], which are as many, added in the ranks' order.
  func sum(_ values: UnsafeMutableBufferPointer<Float>)

  /// Ends all ranks at once, with this exit code: the others wait for this one, which can't go on.
  func abort(code: Int32) -> Never
}

/// All ranks' bytes, one after the other.
package struct Gathered: Sendable {
  package let bytes: [UInt8]
  /// Each rank's part of them.
  package let parts: [Range<Int>]

  package init(bytes: [UInt8], parts: [Range<Int>]) {
    self.bytes = bytes
    self.parts = parts
  }
}

extension RankGroup {
  /// Every rank's value.
  package func gather(_ text: String) -> [String] {
    let gathered = Array(text.utf8).withUnsafeBytes { gather($0) }
    return gathered.parts.map { String(decoding: gathered.bytes[$0], as: UTF8.self) }
  }

  /// All ranks' values, one rank's after the other's.
  package func gather(_ values: [Float]) -> [Float] {
    values.withUnsafeBytes { gather($0) }.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  /// Rank 0's bytes; what the others give isn't looked at.
  package func broadcast(_ bytes: [UInt8]) -> [UInt8] {
    let gathered = (rank == 0 ? bytes : []).withUnsafeBytes { gather($0) }
    return Array(gathered.bytes[gathered.parts[0]])
  }

  /// The sums of all ranks' values, added in the ranks' order.
  package func sums(_ values: [Double]) -> [Double] {
    let gathered = values.withUnsafeBytes { gather($0) }
    return gathered.bytes.withUnsafeBytes { bytes in
      values.indices.map { i in
        gathered.parts.reduce(0) { sum, part in
          sum + bytes.loadUnaligned(fromByteOffset: part.lowerBound + i * 8, as: Double.self)
        }
      }
    }
  }

  /// Whether a rank says yes.
  package func any(_ answer: Bool) -> Bool {
    let gathered = [answer ? 1 : 0 as UInt8].withUnsafeBytes { gather($0) }
    return gathered.bytes.contains(1)
  }

  /// Does on every rank what may fail, and fails on all where it fails on one: none waits for another in vain.
  ///
  /// - Throws: the rank's own error where it is the first one that failed, elsewhere a `Failure` that names that rank.
  package func together<Result>(_ work: () throws -> Result) throws -> Result {
    let result: Swift.Result<Result, any Error>
    do { result = .success(try work()) } catch { result = .failure(error) }
    var own = ""
    if case .failure(let error) = result {
      let kind = (error as? any ClassifiedError)?.failureKind ?? .inputOutput
      own = "\(FailureKind.allCases.firstIndex(of: kind) ?? 0) \(error)"
    }
    let all = gather(own)
    guard let first = all.firstIndex(where: { !$0.isEmpty }) else { return try result.get() }
    if all[first] == own { _ = try result.get() }
    let fields = all[first].split(separator: " ", maxSplits: 1)
    let kind = fields.first.flatMap { Int($0) }.map { FailureKind.allCases[$0] } ?? .inputOutput
    throw Failure(kind, "rank \(first): \(fields.count > 1 ? String(fields[1]) : "")")
  }
}
