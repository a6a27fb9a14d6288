import TestSupport
import SystemSupport
import Foundation
import Testing

/// What people read about the library is there and true.
@Suite struct DocumentationTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The module's symbols as the compiler knows them.
  struct SymbolGraph: Decodable {
    struct Symbol: Decodable {
      var pathComponents: [String]
      var docComment: Comment?
      struct Comment: Decodable {}
    }
    var symbols: [Symbol]
  }

  /// The symbol graph of the built module, written into `folder`.
  static func writeSymbolGraph(to folder: String) throws -> SymbolGraph {
    let build = buildFolder
    let information = try run("swiftc", ["-print-target-info"]).output
    let triple = try #require(information.firstMatch(of: /"triple": "([^"]+)"/)).output.1
    let moduleMaps = try folderNames(build).filter { $0.hasSuffix(".build") }
      .map { joinPath(build, $0 + "/module.modulemap") }.filter(fileExists)
    let extracted = try run(
      "swift-symbolgraph-extract",
      ["-module-name", "WGAN", "-target", String(triple), "-I", joinPath(build, "Modules")]
        + ["CTurboJPEG", "CPNG", "CArchive"].flatMap { ["-I", root.appendingPathComponent("Sources/" + $0).path] }
        + moduleMaps.flatMap { ["-Xcc", "-fmodule-map-file=" + $0] }
        // What WGAN hands on belongs to its face.
        + ["-experimental-allowed-reexported-modules=Configuration,Compute"]
        + ["-minimum-access-level", "public", "-skip-synthesized-members", "-output-dir", folder])
    #expect(extracted.code == 0, "\(extracted.output)")
    return try JSONDecoder().decode(
      SymbolGraph.self, from: Data(readFile(joinPath(folder, "WGAN.symbols.json"))))
  }

  /// Each public symbol has a comment, and the catalog and the comments are what DocC accepts: links lead somewhere,
  /// each parameter is told of.
  @Test func everyPublicSymbolIsDocumented() throws {
    try inTemporaryFolder { folder in
      let graph = try Self.writeSymbolGraph(to: folder)
      let names = graph.symbols.map { $0.pathComponents.joined(separator: ".") }
      #expect(names.contains("WassersteinGAN.train(on:generatorSteps:outOf:onStep:)") && names.contains("Bitmap"))
      #expect(names.contains("TrainingParameters.batchSize") && names.contains("AlgorithmChoice.direct"))
      let bare = zip(names, graph.symbols).filter { $1.docComment == nil }.map(\.0)
      #expect(bare.isEmpty)
      let converted = try Self.run(
        "docc",
        [
          "convert", Self.root.appendingPathComponent("Sources/WGAN/WGAN.docc").path, "--additional-symbol-graph-dir",
          folder, "--output-path", joinPath(folder, "WGAN.doccarchive"), "--warnings-as-errors",
          "--fallback-bundle-identifier", "wgan", "--fallback-display-name", "WGAN",
        ])
      #expect(converted.code == 0, "\(converted.output)")
    }
  }

  /// What README shows is code that `make test` runs.
  @Test func readmeShowsTheExamplesCode() throws {
    let example = try Self.text("Examples/TrainAndSample/Sources/TrainAndSample/TrainAndSample.swift")
    let shown = try #require(example.firstMatch(of: /\/\/ README: In a Swift program\n([\s\S]+?) *\/\/ README: end/))
      .output.1
    let lines = shown.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 }
    #expect(try Self.text("README.md").contains("```swift\n" + lines.joined(separator: "\n") + "```\n"))
  }

  static func run(_ tool: String, _ arguments: [String]) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    let output = Pipe()
    (process.standardOutput, process.standardError) = (output, output)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
