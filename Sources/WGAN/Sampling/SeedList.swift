// Seeds as a person writes them: "1,5,9-20".

/// Seeds in their order, which may come again.
package struct SeedList: Sendable, Equatable {
  package let seeds: [UInt64]

  /// - Throws: what is wrong with the text, a line without the text itself.
  package init(_ text: String) throws(Problem) {
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      // UInt64's own reading takes a plus sign, too.
      let numbers = ends.compactMap { $0.utf8.allSatisfy { 48...57 ~= $0 } ? UInt64($0) : nil }
      guard let first = numbers.first, let last = numbers.last, numbers.count == ends.count, ends.count <= 2 else {
        let seen = part.isEmpty ? "a seed is missing" : "\"\(part)\" is no seed"
        throw Problem("\(seen): give numbers and ranges, as in 1,5,9-20")
      }
      guard first <= last else { throw Problem("\(part) goes backwards: give the smaller seed first") }
      guard last - first < UInt64(Self.most - seeds.count) else {
        throw Problem("there are more than \(Self.most) seeds: give fewer")
      }
      seeds += first...last
    }
    self.seeds = seeds
  }

  private static let most = 100_000

  package struct Problem: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
  }
}
