import Files
import Foundation
import Testing
import WGAN

@Suite struct RunFolderTests {
  let configuration = RunConfiguration(
    data: "synthetic", cache: nil, training: .demo, length: .generatorSteps(7), threads: 2, sampleEvery: 3,
    checkpointEvery: 0)

  @Test func theConfigurationComesBackWhole() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a/b/run")
      try RunFolder.create(at: path).write(configuration)
      #expect(try RunFolder.configuration(of: path) == configuration)
      var epochs = configuration
      epochs.length = .epochs(3)
      try RunFolder.open(path).write(epochs)
      #expect(try RunFolder.configuration(of: path) == epochs)
      #expect(try RunFolder.configuration(of: path).generatorSteps == nil)
    }
  }

  /// Runs from before there was a choice go on as they were.
  @Test func aRunWithoutAnAlgorithmIsDirect() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunFolder.create(at: path).write(configuration)
      let file = joinPath(path, "config.json")
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains("\"algorithm\" : \"auto\""))
      let without = text.split(separator: "\n").filter { !$0.contains("\"algorithm\"") }.joined(separator: "\n")
      try writeFile(Array(without.utf8), to: file)
      var direct = configuration
      direct.training.algorithm = .direct
      #expect(try RunFolder.configuration(of: path) == direct)
    }
  }

  /// Runs from before the nets could differ.
  @Test func aRunWithOneWidthHasItInBothNets() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunFolder.create(at: path).write(configuration)
      let file = joinPath(path, "config.json")
      let text = String(decoding: try readFile(file), as: UTF8.self)
      let later = ["criticNet", "generatorNet", "generatorFeatures", "criticNorm", "generatorNorm", "generatorExtra"]
      let lines = text.split(separator: "\n").filter { line in !later.contains { line.contains("\"\($0)\"") } }
      #expect(lines.count == text.split(separator: "\n").count - later.count)
      let former = lines.joined(separator: "\n").replacingOccurrences(of: "\"criticFeatures\"", with: "\"features\"")
      try writeFile(Array(former.utf8), to: file)
      #expect(try RunFolder.configuration(of: path) == configuration)
      // Neither the one nor the other: an error, and no width that nobody asked for.
      try writeFile(Array(former.replacingOccurrences(of: "\"features\"", with: "\"width\"").utf8), to: file)
      #expect(throws: RunError.self) { try RunFolder.configuration(of: path) }
    }
  }

  @Test func aFolderWithFilesIsNotWrittenOver() throws {
    try inTemporaryFolder { folder in
      try writeFile([], to: joinPath(folder, "mine"))
      let error = #expect(throws: RunError.self) { try RunFolder.create(at: folder) }
      #expect(error?.kind == .cannotCreate)
      #expect(try folderNames(folder) == ["mine"])
      #expect(throws: FileError.self) { try RunFolder.create(at: joinPath(folder, "mine")) }
      #expect(throws: FileError.self) { try RunFolder.create(at: joinPath(folder, "mine/run")) }
    }
  }

  @Test func aRunThatNeverBeganLeavesNothing() throws {
    try inTemporaryFolder { folder in
      _ = try RunFolder.create(at: joinPath(folder, "run"))
      let names = try folderNames(folder)
      #expect(names.isEmpty)
      _ = try RunFolder.create(at: folder)
      #expect(isFolder(folder))
    }
  }

  @Test func oneRunHasOneWriter() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      let first = try RunFolder.create(at: path)
      try first.write(configuration)
      #expect(#expect(throws: RunError.self) { try RunFolder.open(path) }?.kind == .cannotCreate)
      withExtendedLifetime(first) {}
    }
  }

  @Test func goingOnWithWhatIsNoRunIsRefused() throws {
    try inTemporaryFolder { folder in
      #expect(#expect(throws: RunError.self) { try RunFolder.open(folder) }?.kind == .missing)
      #expect(#expect(throws: RunError.self) { try RunFolder.open(joinPath(folder, "no")) }?.kind == .missing)
    }
  }

  @Test func theRestOfAKilledProcessIsSweptUp() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunFolder.create(at: path).write(configuration)
      let rest = joinPath(path, "checkpoints/.000001.json.77.partial")
      try writeFile([1], to: rest)
      _ = try RunFolder.open(path)
      #expect(!fileExists(rest))
    }
  }

  @Test(arguments: [
    ("", "it isn't JSON"), ("{", "it isn't JSON"), ("[]", "wrong type"), ("{}", "\"version\" is missing"),
    ("\"size\" : 32|\"size\" : \"x\"", "\"training.size\" has the wrong type"),
    ("\"size\" : 32|\"size\" : 48", "--size 48"), ("\"size\" : 32|\"siz\" : 32", "\"training.size\" is missing"),
    ("\"conv-act-norm\"|\"conv-norm\"", "\"training.blockOrder\" has a value that isn't possible"),
    ("\"threads\" : 2|\"threads\" : 0", "--threads 0"), ("\"generatorSteps\" : 7|\"x\" : 7", "--generator-steps"),
  ]) func aBrokenConfigurationIsOneClearLine(change: String, says: String) throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunFolder.create(at: path).write(configuration)
      let file = joinPath(path, "config.json")
      var text = change
      if let bar = change.firstIndex(of: "|") {
        let old = String(decoding: try readFile(file), as: UTF8.self)
        text = old.replacingOccurrences(of: change[..<bar], with: change[change.index(after: bar)...])
        #expect(text != old)
      }
      try writeFile(Array(text.utf8), to: file)
      let error = #expect(throws: RunError.self) { try RunFolder.configuration(of: path) }
      #expect(error?.kind == .badData)
      #expect(error?.description.hasPrefix(file) == true)
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
      #expect(error?.description.contains("\n") == false)
    }
  }
}
