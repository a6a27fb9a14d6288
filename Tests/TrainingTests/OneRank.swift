import Ranks

/// A group of one rank, with sums of its own.
final class OneRank: RankGroup {
  let (rank, count) = (0, 1)
  private let change: @Sendable (UnsafeMutableBufferPointer<Float>) -> Void

  init(_ change: @escaping @Sendable (UnsafeMutableBufferPointer<Float>) -> Void) { self.change = change }

  func gather(_ bytes: UnsafeRawBufferPointer) -> Gathered {
    Gathered(bytes: Array(bytes), parts: [0..<bytes.count])
  }

  func abort(code: Int32) -> Never { fatalError("\(code)") }

  func sum(_ values: UnsafeMutableBufferPointer<Float>) { change(values) }
}
