import Configuration
import Foundation
import Testing

/// docs/Presets.md has every parameter with each preset's value: as declared, not as somebody remembered.
@Suite struct PresetTableTests {
  static let presets = TrainingConfiguration.presets

  /// A value that isn't blog's is bold.
  static var table: String {
    var lines = [
      "| flag | " + presets.map { "`\($0.preset)`" }.joined(separator: " | ") + " | what it is |",
      "|---" + String(repeating: "|---", count: presets.count) + "|---|",
    ]
    for declaration in TrainingParameters.declared.all { lines.append(row(declaration)) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ declaration: some Declaration) -> String {
    let blogs = declaration.value(in: TrainingConfiguration.blog.values).text
    let values = presets.map { preset in
      let text = declaration.value(in: preset.values).text
      return text == blogs ? text : "**\(text)**"
    }
    return "| `\(declaration.name.text(.flags))` | \(values.joined(separator: " | ")) | \(declaration.help) |"
  }

  @Test func theDocumentationHasIt() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("docs/Presets.md"), encoding: .utf8)
    let isThere = text.contains("\n\n" + Self.table + "\n")
    #expect(isThere, "docs/Presets.md: its table should be\n\n\(Self.table)")
  }
}
