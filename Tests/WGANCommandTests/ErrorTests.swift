import TestSupport
import Training
import TensorFiles
import Configuration
import SystemSupport
import Foundation
import Images
import Testing
import WGAN

/// Every way to be wrong ends in one line and the exit code of its kind, and leaves nothing behind.
@Suite struct ErrorTests {
  /// Runs the tool in `folder` and expects one line that names `says`.
  func expect(
    _ code: Int32, _ arguments: [String], says: [String], in folder: String, environment: [String: String] = [:],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Tool.run(arguments, in: folder, environment: environment)
    #expect(result.code == code, "\(result)", sourceLocation: location)
    #expect(result.errorLines.count == 1, "\(result)", sourceLocation: location)
    #expect(result.output.isEmpty, "\(result)", sourceLocation: location)
    for word in ["wgan: "] + says {
      #expect(result.errors.contains(word), "\(word) in \(result)", sourceLocation: location)
    }
  }

  @Test(arguments: [
    (["train"], ["--data", "folder of pictures"]),
    (["train", "--out", "run"], ["--data", "synthetic"]),
    (["train", "--out", "run", "--data", "synthetic", "--sizes", "3"], ["--sizes"]),
    (["inspect", "extra"], ["extra"]),
    (["train", "--out", "run", "--data", "synthetic", "--algorithm", "fft"], ["--algorithm", "winograd"]),
    (["train", "--out", "run", "--data", "synthetic", "--size", "48"], ["--size 48", "nearest are 32 and 64"]),
    (["train", "--out", "run", "--data", "synthetic", "--size", "big"], ["--size", "big"]),
    (["train", "--out", "run", "--data", "synthetic", "--size", "99999999999999999999"], ["--size"]),
    (["train", "--out", "run", "--data", "synthetic", "--batch-size", "0"], ["--batch-size 0"]),
    (["train", "--out", "run", "--data", "synthetic", "--features", "-3"], ["--features"]),
    (["train", "--out", "run", "--data", "synthetic", "--critic-features", "0"], ["--critic-features 0"]),
    (["train", "--out", "run", "--data", "synthetic", "--critic-net", "cnn"], ["--critic-net", "mlp"]),
    (["train", "--out", "run", "--data", "synthetic", "--batch-norm", "--no-batch-norm"], ["--no-batch-norm"]),
    (["train", "--out", "run", "--data", "synthetic", "--clip", "nan"], ["--clip"]),
    (["train", "--out", "run", "--data", "synthetic", "--learning-rate", "-1"], ["--learning-rate"]),
    (["train", "--out", "run", "--data", "synthetic", "--fraction", "0"], ["--fraction 0"]),
    (["train", "--out", "run", "--data", "synthetic", "--held-out", "1"], ["--held-out 1"]),
    (["train", "--out", "run", "--data", "synthetic", "--crop", "left"], ["--crop", "left"]),
    (["train", "--out", "run", "--data", "synthetic", "--threads", "0"], ["--threads 0"]),
    (["train", "--out", "run", "--data", "synthetic", "--epochs", "0"], ["--epochs 0"]),
    (["train", "--out", "run", "--data", "synthetic", "--generator-steps", "-5"], ["--generator-steps"]),
    (["train", "--out", "run", "--data", "synthetic", "--sample-every", "-5"], ["--sample-every"]),
    (["train", "--out", "run", "--data", "synthetic", "--epochs", "1", "--generator-steps", "5"], ["--epochs"]),
    (["train", "--out", "run", "--data", "synthetic", "--epochs", "1", "--for", "5m"], ["--epochs", "--for"]),
    (["train", "--out", "run", "--data", "synthetic", "--generator-steps", "1", "--for", "5m"], ["--for"]),
    (["train", "--out", "run", "--data", "synthetic", "--for", "5"], ["--for", "'5'"]),
    (["train", "--out", "run", "--data", "synthetic", "--for", "0s"], ["--for 0s"]),
    (["train", "--dry-run", "--decay", "none", "--decay-to", "0.1"], ["--decay-to 0.1", "--decay"]),
    (["train", "--out", "run", "--data", "synthetic", "--ema", "1"], ["--ema 1"]),
    (
      ["export", "--run", "run", "--format", "onnx", "--net", "critic", "--live-generator", "--out", "x"],
      ["--live-generator", "--net critic"]
    ),
    (["train", "--out", "run", "--data", "synthetic", "--preset", "best"], ["--preset best", "blog"]),
    (["train", "--out", "", "--data", "synthetic"], ["--out"]),
    (
      ["train", "--out", "run", "--data", "synthetic", "--size", "256", "--features", "1024", "--batch-size", "60000"],
      ["--batch-size 60000", "GiB"]
    ),
    (["train", "--out", "run", "--data", "synthetic", "--begin-anew"], ["--begin-anew", "--resume"]),
    (["train", "--dry-run", "--preset", "best"], ["--preset best", "original"]),
    (["train", "--dry-run", "--size", "96"], ["--size 96", "64"]),
    (["train", "--dry-run", "--resume", "--out", "run"], ["--dry-run", "--resume"]),
    (["train", "--dry-run", "--preset", "blog", "--adam-beta1", "0.9"], ["--adam-beta1 0.9", "--optimizer adam"]),
    (["train", "--dry-run", "--optimizer", "adam", "--adam-beta2", "1"], ["--adam-beta2 1"]),
    (["train", "--dry-run", "--warm-up-critic-steps", "9"], ["--warm-up-critic-steps 9", "--warm-up-every"]),
    (["train", "--dry-run", "--preset", "original", "--evaluate-every", "9"], ["--evaluate-every 9", "--held-out"]),
    (["train", "--dry-run", "--preset", "blog", "--clip-lower", "0.1"], ["--clip-lower 0.1"]),
    // Of a net that isn't clipped, and nobody said of which recipe.
    (["train", "--dry-run", "--clip", "0.1"], ["--clip 0.1", "--objective wgan"]),
    (["train", "--dry-run", "--generator-learning-rate", "2"], ["--generator-learning-rate 2"]),
    (["train", "--dry-run", "--size", "256", "--features", "1024", "--batch-size", "60000"], ["--batch-size", "GiB"]),
    (["generate", "--out", "pictures"], ["--run", "--checkpoint", "--generator"]),
    (["generate", "--run", "a", "--checkpoint", "b", "--out", "pictures"], ["--run", "--checkpoint"]),
    (["generate", "--run", "a"], ["--out", "--grid"]),
    (["generate", "--run", "a", "--out", "b", "--count", "0"], ["--count 0"]),
    (["generate", "--run", "a", "--grid", "b", "--columns", "0"], ["--columns 0"]),
    (["generate", "--run", "a", "--tensors", "b", "--count", "1001"], ["--count 1001", "--tensors"]),
    (["generate", "--generator", "a", "--grid", "b", "--batch-size", "8"], ["--batch-size"]),
    (["inspect", "--size", "17"], ["--size 17"]),
    (["inspect", "--run", "a", "--size", "32"], ["--run"]),
    (["paint"], ["paint"]),
  ]) func usage(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      try expect(64, arguments, says: says, in: folder)
      let names = try folderNames(folder)
      #expect(names.isEmpty)
    }
  }

  @Test func anUnknownInstructionSet() throws {
    try inTemporaryFolder { folder in
      try expect(
        64, ["train", "--out", "run"] + Tool.tiny, says: ["WGAN_ISA=sse9"], in: folder,
        environment: ["WGAN_ISA": "sse9"])
      #expect(!fileExists(folder / "run"))
    }
  }

  @Test(arguments: [
    (["train", "--out", "run", "--data", "nowhere"], ["nowhere", "synthetic"]),
    (["train", "--out", "run", "--resume"], ["run", "--resume"]),
    (["train", "--dry-run", "--data", "nowhere"], ["nowhere", "synthetic"]),
    (["generate", "--run", "run", "--out", "pictures"], ["run"]),
    (["generate", "--checkpoint", "x.safetensors", "--out", "pictures"], ["x.safetensors"]),
    (["inspect", "--run", "run"], ["run"]),
  ]) func missingInput(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      try expect(66, arguments, says: says, in: folder)
      let names = try folderNames(folder)
      #expect(names.isEmpty)
    }
  }

  @Test func aFolderWithNothingToLearnFrom() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "empty")
      try expect(65, ["train", "--out", "run", "--data", "empty"], says: ["empty"], in: folder)
      try makeFolder(folder / "texts")
      try writeFile(Array("no picture".utf8), to: folder / "texts/a.png")
      try expect(65, ["train", "--out", "run", "--data", "texts"], says: ["texts", "a.png"], in: folder)
      #expect(!fileExists(folder / "run"))
    }
  }

  @Test func outputThatCannotBeMade() throws {
    try inTemporaryFolder { folder in
      try writeFile([1], to: folder / "file")
      try makeFolder(folder / "mine")
      try writeFile([1], to: folder / "mine/file")
      for out in ["file", "file/run", "mine"] {
        try expect(73, ["train", "--out", out] + Tool.tiny, says: [out], in: folder)
      }
      #expect(try folderNames(folder / "mine") == ["file"])
      #expect(try readFile(folder / "file") == [1])

      let trained = try Tool.run(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
      #expect(trained.code == 0, "\(trained)")
      try expect(73, ["train", "--out", "run"] + Tool.tiny, says: ["run", "--resume"], in: folder)
      try expect(73, ["generate", "--run", "run", "--out", "file"], says: ["file"], in: folder)
      try expect(73, ["generate", "--run", "run", "--grid", "no/grid.png"], says: ["no/grid.png"], in: folder)
      try expect(73, ["generate", "--run", "run", "--grid", "mine"], says: ["mine"], in: folder)
    }
  }

  /// A run whose files were damaged: told, never trapped on.
  @Test func brokenRuns() throws {
    try inTemporaryFolder { folder in
      let trained = try Tool.run(["train", "--out", "run", "--generator-steps", "2"] + Tool.tiny, in: folder)
      #expect(trained.code == 0, "\(trained)")
      let config = folder / "run/config.json"
      let weights = folder / "run/checkpoints/000002.safetensors"
      let (goodConfig, goodWeights) = (try readFile(config), try readFile(weights))
      let resume = ["train", "--out", "run", "--resume"]
      let generate = ["generate", "--run", "run", "--grid", "grid.png"]

      for broken in ["", "{", "{}", "null", "[1]"] {
        try writeFile(Array(broken.utf8), to: config)
        for arguments in [resume, generate, ["inspect", "--run", "run"]] {
          try expect(65, arguments, says: ["config.json"], in: folder)
        }
      }
      // Another configuration than the checkpoint's.
      let other = String(decoding: goodConfig, as: UTF8.self)
        .replacingOccurrences(of: "\"criticFeatures\" : 4", with: "\"criticFeatures\" : 8")
      try writeFile(Array(other.utf8), to: config)
      try expect(65, resume, says: ["config.json"], in: folder)
      try writeFile(goodConfig, to: config)

      for length in [0, 7, 100, goodWeights.count - 1] {
        try writeFile(Array(goodWeights.prefix(length)), to: weights)
        let direct = ["generate", "--checkpoint", "run/checkpoints/000002.safetensors", "--grid", "grid.png"]
        try expect(65, direct, says: ["000002.safetensors"], in: folder)
        for arguments in [resume, generate] {
          // That one checkpoint is broken is told, and that it was the last one is the error.
          let result = try Tool.run(arguments, in: folder)
          let says = result.errorLines.last?.contains("the only checkpoint can't be used")
          #expect(result.code == 65 && says == true, "\(result)")
        }
      }
      removeFile(folder / "run/checkpoints/000002.json")
      try expect(66, generate, says: ["run", "no checkpoint"], in: folder)
      #expect(!fileExists(folder / "grid.png"))
    }
  }

  /// A small file that says it holds the largest net: refused before the memory for that net is asked for.
  @Test func aCheckpointThatClaimsAHugeNet() throws {
    try inTemporaryFolder { folder in
      var huge = TrainingConfiguration.blog
      (huge.size, huge.features, huge.latent) = (256, 1024, 65_536)
      let state = CheckpointState(
        position: RunPosition(), seconds: 0, picturesPerEpoch: 1, dataFingerprint: "",
        criticLosses: CriticLosses(real: 0, fake: 0))
      for tensors: TensorSet in [[], [NamedTensor(name: "generator.initial.conv.weight", shape: [1], values: [1])]] {
        try CheckpointFolder(folder).save(state, tensors: tensors, configuration: huge)
        try expect(
          65, ["generate", "--checkpoint", "000000.safetensors", "--grid", "grid.png"],
          says: ["000000.safetensors", "generator.initial.conv.weight"], in: folder)
      }
    }
  }

  @Test func flagsThatContradictTheRun() throws {
    try inTemporaryFolder { folder in
      let trained = try Tool.run(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
      #expect(trained.code == 0, "\(trained)")
      let before = try readFile(folder / "run/config.json")
      for flags in [
        ["--size", "32"], ["--seed", "7"], ["--preset", "demo"], ["--clip", "0.5"], ["--fraction", "0.5"],
        ["--crop", "center"], ["--held-out", "0"], ["--optimizer", "adam"],
        ["--generator-net", "mlp"], ["--generator-features", "8"], ["--no-batch-norm"], ["--no-critic-batch-norm"],
        ["--generator-extra", "convolution"],
        ["--critic-learning-rate", "0.5"], ["--clip-upper", "0.5"], ["--adam-beta1", "0.25"],
      ] {
        try expect(64, ["train", "--out", "run", "--resume"] + flags, says: flags + ["--resume"], in: folder)
      }
      #expect(try readFile(folder / "run/config.json") == before)
      // The run's own values are no contradiction; how long and how often may change.
      let same = try Tool.run(
        [
          "train", "--out", "run", "--resume", "--size", "16", "--features", "4", "--batch-norm", "--generator-steps",
          "2", "--threads", "2",
        ]
          + ["--sample-every", "1", "--checkpoint-every", "1"], in: folder)
      #expect(same.code == 0, "\(same)")
      #expect(fileExists(folder / "run/samples/000002.png"))
    }
  }

  @Test func otherPicturesThanTheRunBeganWith() throws {
    try inTemporaryFolder { folder in
      let drawn = try Tool.run(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
      #expect(drawn.code == 0, "\(drawn)")
      let made = try Tool.run(
        ["generate", "--run", "run", "--count", "20", "--out", "pictures"], in: folder)
      #expect(made.code == 0, "\(made)")
      let train = ["train", "--out", "second", "--data", "pictures"] + Tool.tiny.dropFirst(2) + ["--fraction", "1"]
      let trained = try Tool.run(train + ["--generator-steps", "1"], in: folder)
      #expect(trained.code == 0, "\(trained)")
      // The same pictures elsewhere are the same pictures.
      try renameFile(folder / "pictures", to: folder / "moved")
      let resume = ["train", "--out", "second", "--resume", "--generator-steps", "3"]
      try expect(66, resume, says: ["pictures"], in: folder)
      let moved = try Tool.run(resume + ["--data", "moved"], in: folder)
      #expect(moved.code == 0, "\(moved)")
      removeFile(folder / "moved/000003.png")
      let other = Picture(width: 16, height: 16, channels: 3, pixels: (0..<768).map { UInt8($0 % 251) })
      try PNGEncoder.write(other, to: folder / "moved/new.png")
      try expect(
        65, ["train", "--out", "second", "--resume"],
        says: ["moved", "--data", "1 is new (new.png)", "1 is gone (000003.png)"], in: folder)
      try renameFile(folder / "moved/new.png", to: folder / "moved/000003.png")
      try expect(
        65, ["train", "--out", "second", "--resume"],
        says: ["1 was replaced (000003.png)", "train --out second --resume --accept-new-data"], in: folder)
    }
  }

  @Test func standardOutputThatTakesNothing() throws {
    try inTemporaryFolder { folder in
      // Full.
      if let full = FileHandle(forWritingAtPath: "/dev/full") {
        try succeed(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
        let (generate, walk) = (["generate", "--run", "run"], ["walk", "--run", "run", "--seeds", "1,2"])
        let (evaluate, export) = (["evaluate", "--run", "run"], ["export", "--run", "run", "--format"])
        for arguments in [
          ["inspect"], ["--help"], ["--version"], ["train", "--dry-run"], generate + ["--grid", "-"],
          generate + ["--tensors", "-"], generate + ["--out", "p"], generate + ["--grid", "g.png"],
          walk + ["--out", "-"], walk + ["--out", "w.png"], ["timelapse", "--run", "run", "--out", "-"],
          evaluate, evaluate + ["--neighbours", "-"], evaluate + ["--all"], evaluate + ["--all", "--plot", "-"],
          export + ["onnx", "--out", "-"], export + ["safetensors", "--out", "-"], export + ["tensorboard"],
          ["data", "list", "p"], ["data", "list", "p", "--out", "-"], ["data", "scan", "p"],
          ["data", "preview", "p", "--out", "-"], ["watch", "run", "--port", "0"],
        ] {
          let errors = Pipe()
          let process = try Tool.start(arguments, in: folder, output: full, errors: errors)
          let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
          process.waitUntilExit()
          #expect(process.terminationReason == .exit && process.terminationStatus == 74, "\(arguments) \(text)")
          let line = text.split(separator: "\n").last ?? ""
          #expect(line.hasPrefix("wgan: ") && line.contains("can't be written: No space left"), "\(arguments) \(text)")
        }
      }
      // A reader that went away wants no words.
      let (output, errors) = (Pipe(), Pipe())
      try output.fileHandleForReading.close()
      let process = try Tool.start(["inspect"], in: folder, output: output, errors: errors)
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 74)
      #expect(text.isEmpty)
    }
  }
}
