import Configuration
import SystemSupport
import Testing
import TestSupport
import WGAN

/// Protects: `--help` is a page that a newcomer reads, all flags are one word further, and both fit the terminal.
@Suite struct HelpTests {
  static let commands = [
    ["train"], ["watch"], ["generate"], ["walk"], ["timelapse"], ["evaluate"], ["export"], ["inspect"], ["data"],
    ["data", "scan"], ["data", "list"], ["data", "preview"], [],
  ]

  func help(_ arguments: [String], columns: Int = 80) throws -> [Substring] {
    try inTemporaryFolder { folder in
      let result = try succeed(arguments, in: folder, environment: ["COLUMNS": "\(columns)"])
      #expect(result.errors.isEmpty)
      return result.output.split(separator: "\n", omittingEmptySubsequences: false)
    }
  }

  @Test func theFirstPageIsAScreen() throws {
    let page = try help(["train", "--help"])
    #expect(page.count <= 50, "\(page.count) lines")
    #expect(page.count { $0.hasPrefix("  wgan train") } == 3)
    let text = page.joined(separator: "\n")
    for flag in ["--data", "--out", "--resume", "--for", "--size", "--preset", "--help-all"] {
      #expect(text.contains(flag), "\(flag)")
    }
    // What it says of values is the default preset's.
    #expect(text.contains("(preset: \(TrainingConfiguration.defaultPreset.learningRate)"))
    #expect(try help(["help", "train"]) == page && help(["train", "-h"]) == page)
  }

  @Test func theWholeHelpHasEveryFlag() throws {
    let text = try help(["train", "--help-all"]).joined(separator: "\n")
    let flags =
      TrainingParameters.declared.all.map(\.name.flag) + RunParameters.declared.all.map(\.name.flag)
      + LengthParameters.declared.all.map(\.name.flag)
    for flag in flags { #expect(text.contains("--\(flag) ") || text.contains("--[no-]\(flag)"), "\(flag)") }
    for title in ["THE NETS:", "THE STEPS:", "THE PICTURES:", "THE RUN:"] { #expect(text.contains(title)) }
  }

  /// A word that is longer than a line has one for itself; command lines break between words.
  @Test(arguments: [24, 40, 60, 80, 120]) func pagesFitTheTerminal(columns: Int) throws {
    for command in Self.commands {
      for flag in ["--help", "--help-all"] {
        for line in try help(command + [flag], columns: columns) where line.count >= columns {
          let words = line.split(separator: " ")
          #expect(words.count == 1 || (columns < 40 && words.count == 2), "\(command) \(columns): \(line)")
        }
      }
    }
  }

  /// An example that is broken is pasted as one command: a backslash ends each line of it but the last.
  @Test(arguments: [20, 40, 60]) func brokenExamplesCanBePasted(columns: Int) throws {
    for arguments in [["train", "--help"], ["--help"]] {
      let wide = try help(arguments, columns: 200).filter { $0.hasPrefix("  wgan ") }.map { $0.dropFirst(2) }
      var (commands, isOpen) = ([String](), false)
      for line in try help(arguments, columns: columns) where line.hasPrefix("  wgan ") || isOpen {
        let text = line.drop { $0 == " " }
        if isOpen { commands[commands.count - 1] += text } else { commands.append(String(text)) }
        isOpen = text.hasSuffix(" \\")
        if isOpen { commands[commands.count - 1].removeLast() }
      }
      #expect(!wide.isEmpty && commands == wide.map(String.init), "\(commands)")
    }
  }

  /// What few people need is a word further, and the page says so.
  @Test(arguments: ["generate", "walk", "evaluate"]) func theNetsFlagsAreOnTheWholePage(command: String) throws {
    let (page, all) = (try help([command, "--help"]), try help([command, "--help-all"]))
    #expect(!page.contains { $0.contains("--block-order") })
    #expect(page.last { !$0.isEmpty }?.contains("'wgan \(command) --help-all'") == true)
    #expect(all.contains { $0.contains("--block-order") } && page.count < all.count)
  }

  /// As other tools have it; a folder of pictures that is called help is that folder.
  @Test(arguments: [["train"], ["data"], ["data", "scan"], ["watch"], ["generate"]])
  func helpIsAlsoAWord(command: [String]) throws {
    #expect(try help(command + ["help"]) == help(command + ["--help"]))
    try inTemporaryFolder { folder in
      try makeFolder(folder / "help")
      let result = try Tool.run(command + ["help"], in: folder)
      #expect(result.code != 0 || command == ["data"], "\(result)")
    }
  }

  /// Whoever copies an example gets a run, not an error: they are parsed, and name no flag that isn't there.
  @Test func examplesOnTheFirstPageAreCommands() throws {
    let page = try help(["train", "--help"], columns: 200)
    for line in page where line.hasPrefix("  wgan ") {
      let words = line.split(separator: " ").dropFirst().map(String.init)
      try inTemporaryFolder { folder in
        // As a shell hands them on.
        let words = words.map { $0.hasPrefix("~/") ? folder / String($0.dropFirst(2)) : $0 }
        // A mistake at the end: that alone is found.
        let result = try Tool.run(words + ["--threads", "0"], in: folder)
        #expect(result.code == 64 || result.code == 66, "\(result)")
        #expect(result.errors.contains("--threads 0") || result.errors.contains("runs/faces"), "\(result)")
      }
    }
  }
}
