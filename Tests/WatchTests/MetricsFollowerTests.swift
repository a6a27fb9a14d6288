import Randomness
import SystemSupport
import TestSupport
import Testing

import Watch

/// Protects: what is shown is what metrics.csv says, however it came to say so.
@Suite struct MetricsFollowerTests {
  private func all(_ follower: inout MetricsFollower, _ column: String = "d_loss") -> [Float] {
    (follower.buckets(of: column, 0...1 << 40, most: 4000) ?? []).map(\.summary.median)
  }

  /// In pieces that end anywhere, also between the two bytes of a line's end.
  @Test(arguments: ["\n", "\r\n"]) func inPiecesAsAtOnce(end: String) throws {
    try inTemporaryFolder { folder in
      let text = Array(metrics(1...200).replacing("\n", with: end).utf8)
      var random = RandomStream(seed: 3, purpose: .test)
      try writeFile(text, to: folder / "whole.csv")
      var (whole, grown) = (MetricsFollower(folder / "whole.csv"), MetricsFollower(folder / "grown.csv"))
      whole.follow()
      var place = 0
      while place < text.count {
        let next = min(text.count, place + 1 + Int(random.nextWord() % 40))
        try append(String(decoding: text[place..<next], as: UTF8.self), to: folder / "grown.csv")
        place = next
        grown.follow()
      }
      #expect(whole.rows == 200 && grown.rows == 200 && grown.generation == 1)
      #expect(whole.damagedLines == 0 && grown.damagedLines == 0)
      #expect(all(&whole) == all(&grown) && all(&whole) == (1...200).map { Float($0) / 8 })
      #expect(all(&whole, "swd").count == 40)
      #expect(whole.last == grown.last && whole.last["d_loss"] == 25 && whole.columns == grown.columns)
    }
  }

  /// Half a row is none, until the rest has come.
  @Test func aTornLastLineWaits() throws {
    try inTemporaryFolder { folder in
      let path = folder / "metrics.csv"
      try append(metrics(1...3) + row(4).prefix(9), to: path)
      var follower = MetricsFollower(path)
      follower.follow()
      #expect(follower.rows == 3 && follower.damagedLines == 0 && !follower.isBehind)
      try append(row(4).dropFirst(9) + "\n", to: path)
      follower.follow()
      #expect(follower.rows == 4 && follower.damagedLines == 0)
    }
  }

  @Test func whatIsDamagedIsCountedAndLeftOut() throws {
    try inTemporaryFolder { folder in
      let path = folder / "metrics.csv"
      try append(metrics(1...2) + "\nnonsense\n\(row(2))\n\(row(1 << 33))\n3,1,2\n\(row(3, loss: "nan"))\n", to: path)
      var follower = MetricsFollower(path)
      follower.follow()
      #expect(follower.rows == 3 && follower.damagedLines == 4 && follower.last["d_loss"]?.isNaN == true)
    }
  }

  @Test(arguments: ["", "a,b\n1,2\n", "step,step\n1,1\n", "step,a,a\n1,1,1\n", "step,../x\n1,2\n", "x"])
  func aFileThatIsNoneOfOurs(text: String) throws {
    let text = text == "x" ? String(repeating: "x", count: 100_000) : text
    try inTemporaryFolder { folder in
      try append(text, to: folder / "metrics.csv")
      var follower = MetricsFollower(folder / "metrics.csv")
      for _ in 0..<3 { follower.follow() }
      #expect(follower.rows == 0 && follower.columns.isEmpty && follower.problem == nil)
    }
  }

  /// --resume writes another file in its place, or cuts it and goes on; each counts from its beginning.
  @Test func aFileThatWasReplacedOrCutIsReadAnew() throws {
    try inTemporaryFolder { folder in
      let path = folder / "metrics.csv"
      try append(metrics(1...50), to: path)
      var follower = MetricsFollower(path)
      follower.follow()
      let first = follower.generation
      try writeFile(Array(metrics(1...20).utf8), to: path)
      follower.follow()
      #expect(follower.rows == 20 && follower.generation == first + 1)
      // In place, shorter.
      try systemCall(path) { truncate($0, off_t(metrics(1...10).utf8.count)) }
      follower.follow()
      #expect(follower.rows == 10 && follower.generation == first + 2)
      // In place, and longer again before anybody has looked.
      try systemCall(path) { truncate($0, off_t(metrics(1...5).utf8.count)) }
      try append((6...40).map { row($0, loss: "7") + "\n" }.joined(), to: path)
      follower.follow()
      #expect(follower.rows == 40 && follower.generation == first + 3 && all(&follower).last == 7)
    }
  }

  @Test func aFileThatGoesAndComes() throws {
    try inTemporaryFolder { folder in
      let path = folder / "metrics.csv"
      var follower = MetricsFollower(path)
      follower.follow()
      #expect(follower.problem == "metrics.csv isn't there yet")
      try append(metrics(1...5), to: path)
      follower.follow()
      #expect(follower.rows == 5 && follower.problem == nil)
      removeFile(path)
      follower.follow()
      #expect(follower.rows == 0 && follower.problem != nil)
    }
  }

  @Test func aLinkIsNotFollowed() throws {
    try inTemporaryFolder { folder in
      try append(metrics(1...5), to: folder / "elsewhere.csv")
      try systemCall(folder / "metrics.csv") { symlink(folder / "elsewhere.csv", $0) }
      var follower = MetricsFollower(folder / "metrics.csv")
      follower.follow()
      #expect(follower.rows == 0 && follower.problem?.contains("symbolic link") == true)
    }
  }

  /// Advice is TrainingAdvice's, given on rows that are read back.
  @Test func advice() throws {
    try inTemporaryFolder { folder in
      let path = folder / "metrics.csv"
      try append(metrics(1...4) + row(5, loss: "2e7") + "\n" + row(6, loss: "3e7") + "\n", to: path)
      var follower = MetricsFollower(path)
      follower.setConfiguration(.demo)
      follower.follow()
      #expect(follower.advice.map(\.step) == [5] && follower.advice.first?.line.contains("explode") == true)
    }
  }
}
