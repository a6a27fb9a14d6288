import Configuration
import Foundation
import SystemSupport
import TensorFiles
import TestSupport
import Testing
import WGAN

/// Runs whose numbers stop being finite, and files with such numbers, by the tool.
@Suite struct DivergenceTests {
  /// Ruined soon: twelve layers whose gradients grow with the weights. With rates halved twice it lasts.
  static let doomed =
    [
      "--preset", "blog", "--data", "synthetic", "--size", "16", "--features", "16", "--latent", "8", "--batch-size",
      "8", "--fraction", "0.005", "--extra-layers", "12", "--clip", "1e30", "--no-critic-batch-norm", "--optimizer",
      "adam",
      "--learning-rate", "0.2", "--critic-steps", "1", "--evaluate-every", "0", "--checkpoint-every", "2",
    ]

  static let tiny = ["--preset", "blog"] + Tool.tiny

  /// On the set that every machine has: when a run is ruined hangs on the last bit.
  func train(_ run: String, _ more: [String], in folder: String) throws -> Tool.Result {
    try Tool.run(["train", "--out", run] + more, in: folder, environment: ["WGAN_ISA": "portable"])
  }

  /// The column of metrics.csv.
  func rollbacks(_ run: String) throws -> [String] {
    let rows = String(decoding: try readFile(run / "metrics.csv"), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    let column = try #require(rows[0].firstIndex(of: "rollbacks"))
    return rows.dropFirst().map { $0[column] }
  }

  func checkpoints(_ run: String) throws -> [String: [UInt8]] {
    let names = try folderNames(run / "checkpoints")
    return Dictionary(
      uniqueKeysWithValues: try names.filter { $0.hasSuffix(".safetensors") }.map {
        ($0, try readFile(run / "checkpoints" / $0))
      })
  }

  @Test func aRunStopsAndKeepsWhatItHad() throws {
    try inTemporaryFolder { folder in
      let result = try train("run", ["--generator-steps", "20"] + Self.doomed, in: folder)
      #expect(result.code == 70)
      let last = String(result.errorLines.last ?? "")
      for words in [
        "wgan: training diverged in", " step ", "tensor optimizer.", "has inf", "checkpoint, of generator step",
        "wgan train --out run --resume --on-divergence rollback", "--learning-rate",
      ] {
        #expect(last.contains(words), "\(words): \(result)")
      }
      #expect(result.errorLines.count { $0.contains("the losses explode") } == 1, "\(result)")
      let saved = try checkpoints(folder / "run")
      #expect(!saved.isEmpty)
      for name in saved.keys {
        let tensors = try SafetensorsFile(at: folder / "run/checkpoints" / name).tensors()
        #expect(tensors.allSatisfy { tensor in tensor.values.allSatisfy { $0.isFinite } })
      }
      let rows = try rollbacks(folder / "run")
      #expect(!rows.isEmpty && rows.allSatisfy { $0 == "0" })
      try succeed(["generate", "--run", "run", "--grid", "a.png"], in: folder)
      // Once more: the same step, the same line, the same files.
      let again = try train("run", ["--resume"], in: folder)
      #expect(again.code == 70 && again.errorLines.last == result.errorLines.last)
      #expect(try checkpoints(folder / "run") == saved)
      // As the line says.
      let on = try train(
        "run", ["--resume", "--on-divergence", "rollback", "--generator-steps", "\(rows.count + 1)"], in: folder)
      #expect(on.code == 0, "\(on)")
      #expect(on.errors.contains("with halved learning rates (rollback 1 of at most 3)"))
      #expect(try rollbacks(folder / "run").last == "1")
    }
  }

  /// The same bits for any threads, and wherever the run is stopped: before it goes back, between, and after.
  @Test func aRunGoesBackToTheSameBits() throws {
    try inTemporaryFolder { folder in
      let steps = 9
      let flags = Self.doomed + ["--on-divergence", "rollback"]
      let end = ["--generator-steps", "\(steps)"]
      let whole = try train("whole", end + flags + ["--threads", "1"], in: folder)
      #expect(whole.code == 0, "\(whole)")
      #expect(whole.errorLines.count { $0.contains("the losses explode") } == 1, "\(whole)")
      let rows = try rollbacks(folder / "whole")
      #expect(rows.count == steps && rows == ["0", "0"] + [String](repeating: "2", count: 7), "\(rows)")
      let expected = try checkpoints(folder / "whole")
      #expect(!expected.isEmpty)
      let threads = try train("threads", end + flags + ["--threads", "2"], in: folder)
      #expect(
        threads.errorLines.filter { $0.contains("rollback") } == whole.errorLines.filter { $0.contains("rollback") })
      #expect(try checkpoints(folder / "threads") == expected)
      for cuts in [[1], [2], [3], [5], [1, 2, 3, 4, 5, 6, 7, 8]] {
        let run = "parts-\(cuts.map(String.init).joined(separator: "-"))"
        var first = true
        for cut in cuts + [steps] {
          let more = first ? flags : ["--resume"]
          let part = try train(run, ["--generator-steps", "\(cut)"] + more, in: folder)
          #expect(part.code == 0, "\(cuts): \(part)")
          first = false
        }
        #expect(try rollbacks(folder / run) == rows, "\(cuts)")
        let last = "00000\(steps).safetensors"
        #expect(try checkpoints(folder / run)[last] == expected[last], "\(cuts)")
      }
    }
  }

  @Test func threeTimesAtMost() throws {
    try inTemporaryFolder { folder in
      let flags =
        [
          "--objective", "wgan-r1r2", "--no-critic-batch-norm", "--penalty-weight", "1e30", "--generator-steps", "3",
          "--on-divergence", "rollback",
        ] + Self.tiny
      let result = try train("run", flags, in: folder)
      #expect(result.code == 70)
      let lines = result.errorLines.filter { $0.contains("diverged") }
      #expect(lines.count == 4, "\(result)")
      for (i, line) in lines.prefix(3).enumerated() {
        #expect(line.contains("back to generator step 0, with halved learning rates (rollback \(i + 1) of at most 3)"))
      }
      #expect(lines.last?.contains("begin a new run with a lower --learning-rate") == true)
      #expect(try folderNames(folder / "run/checkpoints").isEmpty)
    }
  }

  /// Every place that reads weights names the tensor, and changes nothing.
  @Test func filesThatAreNotFiniteAreRefused() throws {
    try inTemporaryFolder { folder in
      try succeed(
        ["train", "--out", "run", "--generator-steps", "3", "--checkpoint-every", "1", "--ema", "0.9"] + Self.tiny,
        in: folder)
      try succeed(["export", "--run", "run", "--format", "safetensors", "--out", "g.safetensors"], in: folder)
      try succeed(
        ["export", "--run", "run", "--format", "safetensors", "--net", "critic", "--out", "c.safetensors"], in: folder)
      func poison(_ path: String, _ tensor: String, _ value: Float) throws {
        let file = try SafetensorsFile(at: folder / path)
        var tensors = Array(try file.tensors().filter { !$0.name.hasSuffix("num_batches_tracked") })
        let place = try #require(tensors.firstIndex { $0.name == tensor })
        tensors[place].values[0] = value
        try Safetensors.write(TensorSet(tensors), metadata: file.metadata, to: folder / path)
      }
      func refuse(_ arguments: [String], _ words: [String]) throws {
        let names = try folderNames(folder)
        let result = try Tool.run(arguments, in: folder)
        #expect(result.code == 65, "\(arguments): \(result)")
        for word in words { #expect(result.errorLines.last?.contains(word) == true, "\(arguments): \(result)") }
        #expect(try folderNames(folder) == names)
      }
      // Of the newest alone: the one before it is taken, and said so.
      let newest = "run/checkpoints/000003.safetensors"
      try poison(newest, "generator_ema.final.weight", .nan)
      let told = "\(newest): tensor generator_ema.final.weight has nan"
      let generated = try succeed(["generate", "--run", "run", "--grid", "x.png"], in: folder)
      #expect(generated.errors.contains("a checkpoint is broken") && generated.errors.contains(told))
      for arguments in [
        ["generate", "--grid", "y.png"], ["export", "--format", "onnx", "--out", "y"],
        ["export", "--format", "safetensors", "--out", "y"], ["evaluate"],
      ] {
        try refuse(arguments + ["--checkpoint", newest], [told])
        try refuse(arguments + ["--run", "run", "--checkpoint", "3"], [told])
      }
      let all = try succeed(["evaluate", "--run", "run", "--all"], in: folder)
      #expect(all.errors.contains("left out") && all.errors.contains(told))
      #expect(try succeed(["evaluate", "--run", "run"], in: folder).errors.contains(told))

      // Of all: nothing is trained on, nothing is replaced.
      for step in ["1", "2"] {
        try poison("run/checkpoints/00000\(step).safetensors", "critic.pyramid.0.bn.running_var", .infinity)
      }
      let before = try checkpoints(folder / "run")
      try refuse(["train", "--out", "run", "--resume", "--generator-steps", "5"], ["critic.pyramid.0.bn.running_var"])
      #expect(try checkpoints(folder / "run") == before)

      try poison("g.safetensors", "initial.bn.running_var", .nan)
      try poison("c.safetensors", "final.weight", -.infinity)
      let new = ["train", "--out", "new", "--generator-steps", "1"] + Self.tiny
      try refuse(new + ["--init-generator", "g.safetensors"], ["g.safetensors: tensor initial.bn.running_var has nan"])
      try refuse(new + ["--init-critic", "c.safetensors"], ["c.safetensors: tensor final.weight has -inf"])
      try refuse(["generate", "--generator", "g.safetensors", "--grid", "z.png"], ["initial.bn.running_var has nan"])
      try refuse(
        ["evaluate", "--generator", "g.safetensors", "--data", "synthetic"], ["initial.bn.running_var has nan"])
    }
  }

  /// A generator whose activations are too large for their squares: no loss shows it.
  @Test func statisticsAreWatchedWhileLossesAreFine() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "run", "--generator-steps", "1"] + Self.tiny, in: folder)
      try succeed(["export", "--run", "run", "--format", "safetensors", "--out", "g.safetensors"], in: folder)
      let file = try SafetensorsFile(at: folder / "g.safetensors")
      let huge = try file.tensors().filter { !$0.name.hasSuffix("num_batches_tracked") }.map { tensor in
        var tensor = tensor
        if tensor.name == "initial.conv.weight" { tensor.values = tensor.values.map { $0 * 1e25 } }
        return tensor
      }
      try Safetensors.write(TensorSet(huge), metadata: file.metadata, to: folder / "g.safetensors")
      let result = try Tool.run(
        ["train", "--out", "on", "--generator-steps", "3", "--init-generator", "g.safetensors"] + Self.tiny, in: folder)
      #expect(result.code == 70)
      #expect(result.errors.contains("tensor generator.initial.bn.running_var has inf"), "\(result)")
      #expect(try folderNames(folder / "on/checkpoints").isEmpty)
    }
  }

  // MARK: - What is kept

  @Test func checkpointsForGoodAndTheBest() throws {
    try inTemporaryFolder { folder in
      try succeed(
        [
          "train", "--out", "run", "--generator-steps", "5", "--checkpoint-every", "1", "--evaluate-every", "1",
          "--keep-every", "2", "--learning-rate", "1e-3",
        ] + Self.tiny, in: folder)
      #expect(try RunPaths(folder / "run").configuration().keepEvery == 2)
      // It stays the run's when it goes on.
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", "9"], in: folder)
      let rows = String(decoding: try readFile(folder / "run/metrics.csv"), as: UTF8.self).split(separator: "\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      let column = try #require(rows[0].firstIndex(of: "swd"))
      let distances = try rows.dropFirst().map { try #require(Float($0[column])) }
      let best = try #require(distances.indices.last { distances[$0] == distances.min() }) + 1
      // And the one from which it went on, 5.
      let kept = Set([2, 4, 5, 6, 7, 8, 9, best]).sorted()
      let files = try RunPaths(folder / "run").checkpoints.all().map { splitPath($0).name }
      #expect(files == kept.map { "00000\($0).safetensors" })

      let table = try succeed(["evaluate", "--run", "run", "--all"], in: folder).output
      for step in kept { #expect(table.split(separator: "\n").contains { $0.hasPrefix("\(step) ") }, "\(table)") }
      try succeed(["generate", "--run", "run", "--checkpoint", "best", "--grid", "a.png"], in: folder)
      try succeed(["generate", "--run", "run", "--checkpoint", "\(best)", "--grid", "b.png"], in: folder)
      try succeed(
        ["generate", "--checkpoint", "run/checkpoints/00000\(best).safetensors", "--grid", "c.png"], in: folder)
      #expect(try readFile(folder / "a.png") == readFile(folder / "b.png"))
      #expect(try readFile(folder / "a.png") == readFile(folder / "c.png"))
      try succeed(
        ["export", "--run", "run", "--checkpoint", "best", "--format", "safetensors", "--out", "g"], in: folder)
      let judged = try succeed(["evaluate", "--run", "run", "--checkpoint", "best"], in: folder)
      #expect(judged.output.hasPrefix("run/checkpoints/00000\(best).safetensors"))

      for (arguments, code, word) in [
        (["--run", "run", "--checkpoint", "3"], Int32(66), "has no checkpoint 3; it has 000002"),
        (["--run", "run", "--checkpoint", "a/b.safetensors"], 64, "--checkpoint a/b.safetensors"),
        (["--run", "run", "--checkpoint", "best", "--all"], 64, "--all"),
      ] where best != 3 || code != 66 {
        let result = try Tool.run(["evaluate"] + arguments, in: folder)
        #expect(result.code == code && result.errors.contains(word), "\(result)")
      }
      try succeed(
        ["train", "--out", "none", "--generator-steps", "1", "--evaluate-every", "0"] + Self.tiny, in: folder)
      // Also where no other checkpoints are asked for.
      try succeed(
        ["train", "--out", "few", "--generator-steps", "5", "--checkpoint-every", "0", "--keep-every", "2"] + Self.tiny,
        in: folder)
      #expect(
        try RunPaths(folder / "few").checkpoints.all().map { splitPath($0).name.prefix(6) }
          == ["000002", "000004", "000005"])
      let none = try Tool.run(["generate", "--run", "none", "--checkpoint", "best", "--grid", "d.png"], in: folder)
      #expect(none.code == 66 && none.errors.contains("--evaluate-every"), "\(none)")
    }
  }
}
