import Testing
import WGAN

/// The changelog is the version's: what is written there is of a release that was or of the one that is being made.
@Suite struct VersionTests {
  /// "0.2.0-dev": its numbers, and whether it is still being made.
  private static func parsed(_ version: Substring) -> (numbers: [Int], isReleased: Bool)? {
    guard let match = version.wholeMatch(of: /(\d+)\.(\d+)\.(\d+)(-dev)?/) else { return nil }
    return ([match.1, match.2, match.3].compactMap { Int($0) }, match.4 == nil)
  }

  @Test func changelogFitsTheVersion() throws {
    let lines = try DocumentationTests.text("CHANGELOG.md").split(separator: "\n", omittingEmptySubsequences: false)
    let headings = lines.filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3) }
    #expect(headings.first == "Unreleased")
    let releases = try headings.dropFirst().map { heading in
      try #require(Self.parsed(heading.prefix { $0 != " " }), "CHANGELOG.md: \(heading): not a version")
    }
    #expect(releases.allSatisfy { $0.isReleased })
    for (newer, older) in zip(releases, releases.dropFirst()) {
      #expect(older.numbers.lexicographicallyPrecedes(newer.numbers), "CHANGELOG.md: the newest version comes first")
    }

    let version = try #require(Self.parsed(wganVersion[...]), "\(wganVersion): give MAJOR.MINOR.PATCH or one with -dev")
    let newest = try #require(releases.first).numbers
    if version.isReleased {
      let unreleased = lines.drop { $0 != "## Unreleased" }.dropFirst().prefix { !$0.hasPrefix("## ") }
      #expect(newest == version.numbers, "CHANGELOG.md needs a section \(wganVersion)")
      #expect(unreleased.allSatisfy { $0.isEmpty }, "CHANGELOG.md: what is Unreleased is no part of \(wganVersion)")
    } else {
      #expect(newest.lexicographicallyPrecedes(version.numbers), "\(wganVersion): it's released, says CHANGELOG.md")
    }
  }
}
