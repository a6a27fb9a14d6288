import Foundation
import Images
import SystemSupport
import TestSupport
import Testing

/// Protects what is there: an output goes where it was sent, and takes nothing else's place.
@Suite struct OutputTests {
  static let generate = ["generate", "--run", "run", "--count", "4"]

  func train(in folder: String) throws {
    try succeed(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
  }

  /// The bytes on standard output, and the lines on standard error.
  func streamed(_ arguments: [String], in folder: String) throws -> (bytes: [UInt8], errors: String) {
    let names = ["o", "e"].map { folder / ".stream-\($0)" }
    for name in names { try writeFile([], to: name) }
    let handles = try names.map { try #require(FileHandle(forWritingAtPath: $0)) }
    let process = try Tool.start(arguments, in: folder, output: handles[0], errors: handles[1])
    process.waitUntilExit()
    let errors = String(decoding: try readFile(names[1]), as: UTF8.self)
    #expect(process.terminationStatus == 0, "\(errors)")
    return (try readFile(names[0]), errors)
  }

  @Test func aDashIsStandardOutput() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      func same(_ arguments: [String], _ flag: String, _ name: String, talk: Bool = false) throws {
        try succeed(arguments + [flag, name], in: folder)
        let (bytes, errors) = try streamed(arguments + [flag, "-"], in: folder)
        #expect(try bytes == readFile(folder / name), "\(arguments)")
        #expect(errors.isEmpty != talk, "\(errors)")
      }
      try same(Self.generate, "--grid", "grid.png")
      try same(Self.generate, "--tensors", "numbers.safetensors")
      try same(["export", "--run", "run", "--format", "safetensors"], "--out", "a.safetensors")
      try same(["export", "--run", "run", "--format", "onnx"], "--out", "a.onnx")
      try same(["evaluate", "--run", "run", "--all"], "--plot", "plot.svg", talk: true)
      try same(["evaluate", "--run", "run"], "--neighbours", "near.png", talk: true)
      try succeed(Self.generate + ["--out", "pictures"], in: folder)
      try same(["data", "list", "pictures"], "--out", "list.csv")
      try same(["data", "preview", "pictures", "--size", "16"], "--out", "preview.png")
      #expect(!fileExists(folder / "-"))
      let both = try Tool.run(Self.generate + ["--grid", "-", "--tensors", "-"], in: folder)
      #expect(both.code == 64 && both.errors.contains("--grid -"), "\(both)")
    }
  }

  @Test func pipesDevicesAndLinksStay() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      try succeed(Self.generate + ["--grid", "grid.png"], in: folder)
      #expect(mkfifo(folder / "pipe", 0o600) == 0 && symlink("target.png", folder / "link") == 0)
      let reader = try openFile(folder / "pipe", O_RDONLY | O_NONBLOCK)
      for path in ["pipe", "link", "/dev/null"] { try succeed(Self.generate + ["--grid", path], in: folder) }
      let grid = try readFile(folder / "grid.png")
      var bytes = [UInt8](repeating: 0, count: grid.count + 1)
      #expect(read(reader, &bytes, bytes.count) == grid.count && bytes.starts(with: grid))
      try closeFile(reader)
      #expect(try readFile(folder / "target.png") == grid)
      #expect(try fileStatus(folder / "link", followingLinks: false).isSymbolicLink)
      #expect(try fileStatus("/dev/null").isStream)
    }
  }

  /// One rule for all: a file that is there stays, unless somebody says so. Known before the work: the run that is
  /// named isn't there, and that would be told first.
  @Test func aFileThatIsThereIsReplacedByForceAlone() throws {
    try inTemporaryFolder { folder in
      let old = Array("old".utf8)
      let run = ["--run", "gone"]
      for (arguments, name) in [
        (["generate"] + run + ["--grid"], "a.png"), (["generate", "--seeds", "1", "--out"] + ["a.jpg"] + run, "a.jpg"),
        (["generate"] + run + ["--tensors"], "a.safetensors"), (["evaluate"] + run + ["--neighbours"], "near.png"),
        (["evaluate", "--all"] + run + ["--plot"], "plot.svg"),
        (["walk", "--seeds", "1,2"] + run + ["--out"], "w.png"),
        (["timelapse"] + run + ["--out"], "t.png"), (["export", "--format", "onnx"] + run + ["--out"], "g.onnx"),
        (["data", "list", "gone", "--out"], "l.csv"), (["data", "preview", "gone", "--out"], "p.png"),
        (["data", "scan", "gone", "--report"], "bad.txt"),
      ] {
        let arguments = arguments.contains(name) ? arguments : arguments + [name]
        try writeFile(old, to: folder / name)
        let kept = try Tool.run(arguments, in: folder)
        #expect(kept.code == 73 && kept.errors.contains("\(name): is there already"), "\(arguments): \(kept)")
        #expect(kept.errors.contains("--force") && kept.errorLines.count == 1, "\(kept)")
        #expect(try readFile(folder / name) == old)
        let forced = try Tool.run(arguments + ["--force"], in: folder)
        #expect(forced.code == 66 && forced.errors.contains("gone"), "\(arguments): \(forced)")
        // Reserved, as mktemp does it.
        try writeFile([], to: folder / name)
        #expect(try Tool.run(arguments, in: folder).code == 66)
        removeFile(folder / name)
      }
      let idle = try Tool.run(["generate", "--run", "gone", "--grid", "-", "--force"], in: folder)
      #expect(idle.code == 64 && idle.errors.contains("--force"), "\(idle)")
    }
  }

  /// Also before the work: the run that is named isn't there, and that would be told first.
  @Test func aFileOfAnotherKindIsNotReplaced() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "run")
      try writeFile(Array("{\"a\": 1}".utf8), to: folder / "run/config.json")
      let json = "run/config.json"
      // Where a link leads counts, and its name says nothing of a kind.
      #expect(symlink(json, folder / "link") == 0)
      for arguments in [
        ["evaluate", "--run", "gone", "--neighbours", json], ["evaluate", "--run", "gone", "--all", "--plot", json],
        ["generate", "--run", "gone", "--grid", "link"], ["generate", "--run", "gone", "--tensors", json],
        ["export", "--run", "gone", "--format", "onnx", "--out", json],
        ["data", "list", "gone", "--out", json], ["data", "preview", "gone", "--out", json],
        ["data", "scan", "gone", "--report", json], ["generate", "--run", "gone", "--grid", "no/grid.png"],
        ["evaluate", "--run", "gone", "--all", "--plot", "no/plot.svg"],
        ["generate", "--run", "gone", "--grid", "run"],
      ] {
        let result = try Tool.run(arguments, in: folder)
        #expect(result.code == 73 && result.errorLines.count == 1, "\(arguments) \(result)")
      }
      #expect(try readFile(folder / json) == Array("{\"a\": 1}".utf8))
      // What is of the kind by its bytes or its name is replaced.
      try train(in: folder / "run")
      let generate = ["generate", "--run", "run/run", "--count", "1", "--grid"]
      try writeFile(Array("no picture".utf8), to: folder / "old.png")
      for path in ["old.png", "sheet.PNG"] {
        try succeed(generate + [path, "--force"], in: folder)
        try succeed(generate + [path, "--force"], in: folder)
        #expect(try PictureDecoder.information(path: folder / path).format == .png)
      }
    }
  }

  /// A picture without an ending opens nowhere: told before the work.
  @Test(arguments: [
    (["generate", "--run", "x", "--grid", "grid"], [".png", ".jpg"]),
    (["data", "preview", "synthetic", "--out", "grid"], [".png", ".jpg"]),
    (["data", "preview", "synthetic", "--out", "grid.gif"], [".png", ".jpg"]),
    (["evaluate", "--run", "x", "--neighbours", "near.jpg"], [".png"]),
    (["evaluate", "--run", "x", "--all", "--plot", "plot"], [".svg"]),
  ]) func picturesHaveAnEnding(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      let result = try Tool.run(arguments, in: folder)
      #expect(result.code == 64 && result.errorLines.count == 1 && result.output.isEmpty, "\(result)")
      for word in says { #expect(result.errors.contains(word), "\(result)") }
      #expect(try folderNames(folder).isEmpty)
    }
  }

  @Test func aPreviewIsWrittenAsItsName() throws {
    try inTemporaryFolder { folder in
      for (name, format) in [("a.png", PictureFormat.png), ("a.jpg", .jpeg)] {
        try succeed(["data", "preview", "synthetic", "--size", "16", "--out", name], in: folder)
        #expect(try PictureDecoder.information(path: folder / name).format == format)
      }
    }
  }

  /// What a run has learned and told is written by the run alone, however its files are named.
  @Test func aRunsOwnFilesAreNotReplaced() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let checkpoint = "run/checkpoints/000001.safetensors"
      #expect(symlink("run/samples/000001.png", folder / "link.png") == 0)
      let files = [checkpoint, "run/samples/000001.png", "run/metrics.csv", "run/pictures.txt", "run/curves.svg"]
      let before = try files.map { try readFile(folder / $0) }
      for arguments in [
        ["export", "--run", "run", "--format", "safetensors", "--out", checkpoint],
        ["generate", "--run", "run", "--tensors", "./run/../" + checkpoint],
        ["generate", "--run", "run", "--grid", "run/samples/000001.png"],
        ["generate", "--run", "run", "--grid", "link.png"],
        ["generate", "--run", "run", "--grid", "run/real.png"],
        ["evaluate", "--run", "run", "--all", "--plot", "run/curves.svg"],
        ["data", "list", "run/samples", "--out", "run/metrics.csv"],
        ["data", "scan", "run/samples", "--report", "run/pictures.txt"],
      ] {
        let result = try Tool.run(arguments, in: folder)
        #expect(result.code == 73 && result.errors.contains("the files that the run"), "\(arguments) \(result)")
      }
      #expect(try files.map { try readFile(folder / $0) } == before)
      // A file beside them is as good a place as any.
      try succeed(["generate", "--run", "run", "--count", "1", "--grid", "run/sheet.png"], in: folder)
    }
  }

  /// Nor are the run's folders filled with pictures of something else.
  @Test func aRunsOwnFoldersAreNotFilled() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let before = try readFile(folder / "run/samples/000001.png")
      for (arguments, place) in [
        (["generate", "--run", "run", "--count", "2", "--force"], "run/samples"),
        (["generate", "--run", "run", "--count", "2"], "run"),
        (["walk", "--run", "run", "--seeds", "1,2", "--frames", "4", "--force"], "run/checkpoints/"),
        (["timelapse", "--run", "run", "--force"], "run/samples/"),
      ] {
        let result = try Tool.run(arguments + ["--out", place], in: folder)
        #expect(result.code == 73 && result.errors.contains("that the run"), "\(arguments) \(result)")
      }
      #expect(try readFile(folder / "run/samples/000001.png") == before)
      try succeed(["generate", "--run", "run", "--count", "2", "--out", "run/mine"], in: folder)
    }
  }

  /// What is read isn't replaced, by whatever name.
  @Test func whatIsReadIsNotReplaced() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let state = try readFile(folder / "run/checkpoints/000001.safetensors")
      try writeFile(state, to: folder / "state.safetensors")
      #expect(symlink("state.safetensors", folder / "link.safetensors") == 0)
      try succeed(
        ["export", "--run", "run", "--format", "safetensors", "--out", "weights.safetensors"], in: folder)
      try succeed(["generate", "--run", "run", "--count", "2", "--tensors", "z.safetensors"], in: folder)
      let files = ["state.safetensors", "weights.safetensors", "z.safetensors"]
      let before = try files.map { try readFile(folder / $0) }
      for (arguments, flag) in [
        (["generate", "--checkpoint", "state.safetensors", "--tensors", "./state.safetensors"], "--checkpoint"),
        (["generate", "--checkpoint", "state.safetensors", "--tensors", "link.safetensors"], "--checkpoint"),
        (["generate", "--generator", "weights.safetensors", "--tensors", "weights.safetensors"], "--generator"),
        (["generate", "--run", "run", "--latents", "z.safetensors", "--tensors", "z.safetensors"], "--latents"),
        (
          ["export", "--checkpoint", "state.safetensors", "--format", "safetensors", "--out", "state.safetensors"],
          "--checkpoint"
        ),
      ] {
        let result = try Tool.run(arguments, in: folder)
        #expect(
          result.code == 73 && result.errors.contains("is the file that \(flag) reads"), "\(arguments) \(result)")
      }
      #expect(try files.map { try readFile(folder / $0) } == before)
    }
  }

  /// The second would replace the first.
  @Test func twoOutputsAreTwoFiles() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      #expect(symlink("run", folder / "link") == 0)
      for arguments in [
        ["generate", "--run", "run", "--grid", "a.png", "--tensors", "./a.png"],
        ["generate", "--run", "run", "--grid", "run/a.png", "--tensors", "link/a.png"],
        ["data", "list", "run/samples", "--out", "b", "--report", "b"],
        ["data", "preview", "run/samples", "--out", "b.png", "--report", "b.png"],
      ] {
        let result = try Tool.run(arguments, in: folder)
        #expect(result.code == 64 && result.errorLines.count == 1, "\(arguments) \(result)")
      }
      #expect(try folderNames(folder).allSatisfy { !["a.png", "b", "b.png"].contains($0) })
    }
  }

  /// Swift's own strings would make another name of it.
  @Test func argumentsThatAreNotUTF8() throws {
    try inTemporaryFolder { folder in
      let result = try Tool.run(
        ["-c", "exec \"$1\" data preview synthetic --out \"$(printf 'a\\377.png')\"", "sh", Tool.path], in: folder,
        program: "/bin/sh")
      #expect(result.code == 64 && result.errors.contains("argument 5 isn't UTF-8"), "\(result)")
      #expect(try folderNames(folder).allSatisfy { !$0.hasSuffix("png") })
    }
  }

  /// Where the system hasn't the threads a command says so. Dispatch would wait for them for ever.
  @Test(.enabled(if: isLinux), .timeLimit(.minutes(2))) func threadsThatCannotBeHad() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      for arguments in [
        ["generate", "--run", "run", "--grid", "g.png", "--threads", "200"],
        ["evaluate", "--run", "run", "--count", "8", "--threads", "200"],
        ["train", "--out", "other", "--generator-steps", "1"] + Tool.tiny + ["--threads", "200"],
      ] {
        let result = try Tool.limited("ulimit -v 300000", arguments, in: folder)
        #expect(result.code == 71 && result.errors.contains("of 200 threads: give --threads"), "\(result)")
      }
      // Pictures are decoded on those that there are.
      let scan = try Tool.limited("ulimit -v 300000", ["data", "scan", "run/samples", "--threads", "200"], in: folder)
      #expect(scan.code == 0)
    }
  }

  @Test func picturesOfAnotherSeriesAreKept() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      try succeed(Self.generate + ["--out", "p"], in: folder)
      let first = try readFile(folder / "p/000000.png")
      // More of the same, and fewer.
      for count in ["9", "2"] { try succeed(["generate", "--run", "run", "--count", count, "--out", "p"], in: folder) }
      let other = try Tool.run(Self.generate + ["--seed", "5", "--out", "p"], in: folder)
      #expect(other.code == 73 && other.errorLines.count == 1 && other.errors.contains("remove them"), "\(other)")
      #expect(try readFile(folder / "p/000000.png") == first && folderNames(folder / "p").count == 9)
      let all = ["generate", "--run", "run", "--count", "9", "--out", "p"]
      try succeed(all + ["--seed", "5", "--force"], in: folder)
      #expect(try readFile(folder / "p/000000.png") != first)
      // Half the old series and half the new one: neither goes on.
      try writeFile(first, to: folder / "p/000000.png")
      for seed in [[], ["--seed", "5"]] { #expect(try Tool.run(all + seed, in: folder).code == 73) }
    }
  }

  #if os(Linux)
    /// A terminal would take some of the bytes for orders.
    @Test func noPictureGoesOntoATerminal() throws {
      try inTemporaryFolder { folder in
        try train(in: folder)
        let other = try openFile("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(other) }
        // TIOCSPTLCK and TIOCGPTN: unlocks the terminal at the other end, and tells its number.
        var (lock, number) = (CInt(0), CInt(0))
        #expect(ioctl(other, 0x4004_5431, &lock) == 0 && ioctl(other, 0x8004_5430, &number) == 0)
        let terminal = FileHandle(
          fileDescriptor: try openFile("/dev/pts/\(number)", O_RDWR | O_NOCTTY), closeOnDealloc: true)
        func code(_ arguments: [String]) throws -> (code: Int32, errors: String) {
          let errors = Pipe()
          let process = try Tool.start(arguments, in: folder, output: terminal, errors: errors)
          let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
          process.waitUntilExit()
          return (process.terminationStatus, text)
        }
        for arguments in [
          Self.generate + ["--grid", "-"], Self.generate + ["--tensors", "-"],
          ["walk", "--run", "run", "--seeds", "1,2", "--out", "-"], ["timelapse", "--run", "run", "--out", "-"],
          ["evaluate", "--run", "run", "--neighbours", "-"], ["data", "preview", "run/samples", "--out", "-"],
          ["export", "--run", "run", "--format", "onnx", "--out", "-"],
          ["export", "--run", "run", "--format", "safetensors", "--out", "-"],
        ] {
          let (code, errors) = try code(arguments)
          #expect(code == 73 && errors.contains("standard output is a terminal"), "\(arguments) \(errors)")
          #expect(errors.contains("redirect it") && errors.split(separator: "\n").count == 1, "\(errors)")
        }
        // Text may.
        #expect(try code(["data", "list", "run/samples", "--out", "-"]).code == 0)
      }
    }
  #endif

  // MARK: The terminal

  @Test func aThousandBadFilesAreTwentyLinesAndAReport() throws {
    try inTemporaryFolder { folder in
      try writeFile(Array((0..<1000).map { "no\($0).png\n" }.joined().utf8), to: folder / "list.csv")
      let scan = try Tool.run(["data", "scan", "list.csv", "--report", "bad.txt"], in: folder)
      #expect(scan.code == 65 && scan.output.split(separator: "\n").count < 30, "\(scan)")
      #expect(scan.output.contains("and 980 more\n"))
      #expect(try readFile(folder / "bad.txt").split(separator: 10).count == 1000)
      let list = try Tool.run(["data", "list", "list.csv"], in: folder)
      #expect(list.code == 65 && list.errorLines.count == 22, "\(list)")
      #expect(list.errors.contains("and 980 more: --report names them all"))
    }
  }

  /// A folder's name and a preset's come from anywhere.
  @Test func noNameGivesTheTerminalAnOrder() throws {
    try inTemporaryFolder { folder in
      let evil = "a\u{1B}]0;x\u{7}\u{202E}\nb"
      try succeed(["train", "--out", evil, "--generator-steps", "1"] + Tool.tiny, in: folder)
      let config = folder / evil / "config.json"
      let text = String(decoding: try readFile(config), as: UTF8.self)
      let other = text.replacingOccurrences(of: "\"preset\" : \"blog\"", with: "\"preset\" : \"x\\u001b[31m\\u202e\"")
      #expect(other != text)
      try writeFile(Array(other.utf8), to: config)
      for arguments in [
        ["inspect", "--run", evil], ["generate", "--run", evil, "--grid", "\u{1B}g.png"],
        ["generate", "--run", evil, "--out", evil + "/\u{1B}p"], ["data", "scan", evil],
        ["train", "--out", evil, "--resume"], ["generate", "--run", evil + "\u{1B}", "--grid", "g.png"],
        ["evaluate", "--run", evil],
      ] {
        let result = try Tool.run(arguments, in: folder)
        for order in ["\u{1B}", "\u{7}", "\u{202E}"] {
          #expect(!result.errors.contains(order) && !result.output.contains(order), "\(arguments) \(result)")
        }
      }
    }
  }
}
