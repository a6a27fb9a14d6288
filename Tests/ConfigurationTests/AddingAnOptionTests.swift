import Foundation
import Testing

/// docs/AddingAnOption.md shows a change that these sources take.
@Suite struct AddingAnOptionTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The process' exit code; nil where there is no git.
  static func git(_ arguments: [String]) -> Int32? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    process.currentDirectoryURL = root
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    guard (try? process.run()) != nil else { return nil }
    process.waitUntilExit()
    return process.terminationStatus == 127 ? nil : process.terminationStatus
  }

  @Test(.enabled(if: git(["--version"]) == 0, "needs git")) func theExampleApplies() throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent("docs/AddingAnOption.md"), encoding: .utf8)
    let change = try #require(text.firstMatch(of: /```diff\n([\s\S]+?)```\n/)).output.1
    #expect(change.contains("public let example"))
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-example-\(UUID().uuidString).diff")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(change.utf8).write(to: file)
    #expect(Self.git(["apply", "--check", file.path]) == 0, "show it anew: git diff -U1")
  }
}
