import CommandSupport
import Testing

/// Tables, as people read them.
@Suite struct TextTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = TextTable(["name", "", "parameters"], wordColumns: [0, 1])
    table.add(["a", "why", "1,000"])
    table.add(["longer", ""])
    #expect(table.text == "name         parameters\na       why       1,000\nlonger")
  }

  /// Talk fits the terminal, but for command lines and long words: these a terminal breaks itself, and they're pasted
  /// whole.
  @Test(arguments: [1, 20, 40, 60, 80, 120]) func talkIsBroken(columns: Int) {
    let command = "wgan train --out 'my runs/a' --resume --generator-steps 2000"
    let around = [("", ""), ("to go on: ", ""), ("how? (By '", "'; that takes its time.) And then more of it.")]
    for (before, after) in around {
      let text = before + command + after
      let lines = WrappedText.talk(text, columns: columns, tool: "wgan").split(separator: "\n")
      #expect(lines.contains { $0.contains(command) }, "\(lines)")
      #expect(lines.joined(separator: " ") == text)
      for line in lines { #expect(line.count < max(columns, 12) || line.contains(command), "\(line)") }
    }
    let text = "  of 12 pictures 3 are held out, and none is learned from. wgan computes on the processor, on all cores"
    let lines = WrappedText.talk(text, columns: columns, tool: "wgan").split(separator: "\n")
    #expect(lines.allSatisfy { $0.hasPrefix("  ") && ($0.count < columns || columns < 40) }, "\(lines)")
    #expect(lines.map { $0.dropFirst(2) }.joined(separator: " ") == text.dropFirst(2))
  }
}
