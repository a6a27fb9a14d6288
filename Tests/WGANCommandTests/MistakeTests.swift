import Foundation
import SystemSupport
import Testing
import TestSupport

/// Protects: whoever mistypes something, or comes from another program, is told what to type.
@Suite struct MistakeTests {
  @Test(arguments: [
    // Commands.
    (["trian"], ["'wgan train'", "'wgan --help'"]),
    (["data", "scn", "x"], ["'wgan data scan'", "'wgan data --help'"]),
    (["help", "genrate"], ["'wgan generate'"]), (["trian", "--help"], ["'wgan train'"]),
    (["sample", "--run", "x"], ["'wgan generate'"]), (["paint"], ["train, watch, generate"]),
    // Flags: misspelt ones are told before what they left missing.
    (["train", "--data", "synthetic", "--ouput", "x"], ["no --ouput", "--out", "'wgan train --help'"]),
    (["train", "--outt", "x"], ["no --outt", "did you mean --out?"]),
    (["train", "--batchSize", "8"], ["--batch-size"]), (["train", "--batch_size=8"], ["--batch-size"]),
    (["train", "-size", "8"], ["did you mean --size?"]),
    // Other programs'.
    (["train", "--lr", "1e-4"], ["no --lr", "--learning-rate"]), (["train", "--batch", "16"], ["--batch-size"]),
    (["train", "--steps", "10"], ["--generator-steps"]), (["train", "--num-train-steps", "10"], ["--generator-steps"]),
    (["train", "--nz", "100"], ["--latent"]), (["train", "--ngf", "64"], ["--generator-features"]),
    (["train", "--ndf", "64"], ["--critic-features"]), (["train", "--image-size", "64"], ["--size"]),
    (["train", "--imageSize", "64"], ["--size"]), (["train", "--resolution=64"], ["--size"]),
    (["train", "--gpu", "0"], ["no --gpu", "--threads"]), (["train", "--cuda"], ["no --cuda", "--threads"]),
    (["train", "--workers", "4"], ["threads of their own"]), (["train", "--niter", "25"], ["--epochs"]),
    (["train", "--dataroot", "x"], ["--data"]), (["train", "--beta1", "0.5"], ["--adam-beta1"]),
    (["train", "--network-capacity", "16"], ["--features"]), (["train", "--results_dir", "x"], ["--out"]),
    (["train", "--gamma", "1"], ["--penalty-weight"]), (["train", "--kimg", "1"], ["--for"]),
    (["train", "--snap", "1"], ["--checkpoint-every"]), (["train", "--Diters", "5"], ["--critic-steps"]),
    (["train", "--noBN"], ["--no-batch-norm"]), (["train", "--clamp_lower", "-0.01"], ["--clip-lower"]),
    (["train", "--multi-gpus"], ["--threads"]), (["train", "--gradient-accumulate-every", "4"], ["--batch-size"]),
    (["generate", "--network", "x", "--outdir", "y"], ["--checkpoint"]),
    (["generate", "--trunc", "1"], ["--truncation"]),
    (["generate", "--num-images", "3"], ["--count"]), (["generate", "--lr", "3"], ["no --lr"]),
    // One of another command.
    (["train", "--grid", "x"], ["'wgan generate'"]),
    // Values.
    (["train", "--objective", "wgn-gp"], ["--objective wgn-gp: did you mean wgan-gp?", "relativistic"]),
    (["train", "--crop", "centre"], ["did you mean center?"]),
    (["train", "--augment", "cutout,colour"], ["--augment cutout,colour: did you mean color?", "translate"]),
    (["export", "--format", "onx", "--run", "x"], ["did you mean onnx?"]),
    (["train", "--dry-run", "--preset", "phots"], ["--preset phots", "did you mean photos?", "blog"]),
    (["train", "--dry-run", "--size", "big"], ["'big'", "--size", "whole number"]),
    (["train", "--dry-run", "--for", "45"], ["'45'", "--for", "90s, 45m or 1h30m"]),
    (["train", "--dry-run", "--for", "8", "parsec"], ["'8'", "30min and 0.5h"]),
    (["data", "preview", "x", "--out", "p.png", "--count", "9"], ["no --count", "--rows"]),
    // Values without a flag: the line that was meant.
    (["generate", "runs/a"], ["'runs/a' stands alone", "--run runs/a"]),
    (["evaluate", "runs/a"], ["evaluate --run runs/a'"]),
    (["export", "--run", "runs/a", "a b.onnx"], ["export --run runs/a --out 'a b.onnx''"]),
    (["timelapse", "runs/a", "--out", "x.png"], ["timelapse --run runs/a --out x.png'"]),
    (["watch", "a", "b"], ["'b' stands alone", "which flag"]), (["watch", "a", "--run", "b"], ["give one of them"]),
    (["train", "--run", "runs/a", "--resume"], ["give --out"]),
    (["walk", "--run", "x", "--seeds", "1", "5", "9", "--out", "y.png"], ["'5' stands alone", "--seeds 1,5,9"]),
    // What the shell left alone: nobody has a folder of that name, and none must be made.
    (["train", "--data", "~/faces"], ["~/faces", "$HOME"]), (["train", "--data=~/faces"], ["$HOME"]),
    (["train", "--data", "synthetic", "--out", "~/run"], ["$HOME"]), (["generate", "--run", "~/run"], ["$HOME"]),
    // Numbers below 0 are numbers.
    (["train", "--dry-run", "--batch-size", "-8"], ["--batch-size -8: must be at least 1"]),
    (["train", "--dry-run", "--epochs", "-1"], ["--epochs -1: must be at least 1"]),
    (["train", "--dry-run", "--seed", "-1"], ["--seed", "at least 0"]),
    (["walk", "--run", "x", "--out", "y.png", "--seeds", "-3"], ["--seeds", "-3"]),
    (["generate", "--run", "x", "--grid", "y.png", "--columns", "-3"], ["--columns -3: must be at least 1"]),
  ]) func isToldWhatToType(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      let result = try Tool.run(arguments, in: folder)
      #expect(result.code == 64 && result.errorLines.count == 1 && result.output.isEmpty, "\(result)")
      for word in says { #expect(result.errors.contains(word), "\(word) in \(result)") }
    }
  }

  /// Whoever gives a value that changes nothing means something else.
  @Test(arguments: [
    (
      ["train", "--dry-run", "--critic-net", "mlp", "--generator-net", "mlp", "--extra-layers", "1"],
      ["--extra-layers 1"]
    ),
    (
      ["inspect", "--critic-net", "mlp", "--generator-net", "mlp", "--extra-layers", "1"],
      ["--extra-layers 1", "dcgan"]
    ),
    (["inspect", "--generator-extra", "convolution"], ["--generator-extra convolution", "--extra-layers 1"]),
    (["inspect", "--critic-net", "mlp", "--no-critic-batch-norm"], ["--critic-batch-norm off", "--critic-net dcgan"]),
    (["inspect", "--generator-net", "mlp", "--no-batch-norm"], ["--batch-norm off", "--generator-net dcgan"]),
    (["inspect", "--no-batch-norm", "--block-order", "conv-norm-act"], ["--block-order", "--batch-norm"]),
    (["train", "--dry-run", "--no-batch-norm", "--sampling-statistics", "batch"], ["--sampling-statistics batch"]),
    (
      ["train", "--dry-run", "--critic-net", "mlp", "--generator-net", "mlp", "--algorithm", "direct"],
      ["--algorithm direct"]
    ),
    (["generate", "--run", "x", "--out", "y", "--columns", "3"], ["--columns", "--grid"]),
    (["generate", "--run", "x", "--out", "y", "--gap", "3"], ["--gap", "--grid"]),
    (["generate", "--run", "x", "--tensors", "y", "--upscale", "2"], ["--upscale"]),
    (["generate", "--generator", "x", "--grid", "y.png", "--critic-features", "8"], ["--critic-features"]),
    (["walk", "--run", "x", "--seeds", "1,2", "--out", "y.png", "--columns", "3"], ["--columns"]),
    (["walk", "--run", "x", "--seeds", "1,2", "--out", "y/", "--fps", "3"], ["--fps", "folder"]),
    (["timelapse", "--run", "x", "--out", "y.png", "--columns", "3"], ["--columns", "--cell"]),
    (["train", "--dry-run", "--crop-at", "top", "--crop", "center"], ["--crop center", "--crop-at top"]),
    (
      [
        "train", "--dry-run", "--learning-rate", "1e-4", "--critic-learning-rate", "2e-4", "--generator-learning-rate",
        "3e-4",
      ],
      ["--learning-rate 0.0001", "--critic-learning-rate 0.0002 and --generator-learning-rate 0.0003"]
    ),
    (
      ["inspect", "--features", "8", "--critic-features", "16", "--generator-features", "4"],
      ["--features 8", "--critic-features 16 and --generator-features 4"]
    ),
    (["train", "--dry-run", "--config", "x", "--preset", "demo"], ["--config", "--preset"]),
    (["train", "--out", "x", "--resume", "--config", "x"], ["--config", "--resume"]),
  ]) func whatHasNoEffectIsRefused(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      let result = try Tool.run(arguments, in: folder)
      #expect(result.code == 64 && result.errorLines.count == 1 && result.output.isEmpty, "\(result)")
      for word in says { #expect(result.errors.contains(word), "\(word) in \(result)") }
    }
  }

  /// Who names a run where something else was to be given means that run.
  @Test func runsInOtherPlaces() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "runs")
      for (i, name) in ["old", "new"].enumerated() {
        try makeFolder(folder / "runs" / name)
        try makeFolder(folder / "runs" / name / "checkpoints")
        try writeFile([], to: folder / "runs" / name / "config.json")
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: 1e9 + Double(i))],
          ofItemAtPath: folder / "runs" / name / "checkpoints")
      }
      try writeFile([1], to: folder / "runs/new/checkpoints/000001.safetensors")
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1e9 + 1)], ofItemAtPath: folder / "runs/new/checkpoints")
      let all = "the newest first: runs/new, runs/old"
      let cases: [([String], Int32, [String])] = [
        (["train", "--resume", "runs/old"], 64, ["train --out runs/old --resume"]),
        (["train", "--resume", "--data", "runs/old", "--for", "5m"], 64, ["train --out runs/old --resume"]),
        (["train", "--resume", "runs"], 64, [all, "train --out runs/new --resume"]),
        (["train", "--resume", "runs/od"], 66, [all, "train --out RUN --resume"]),
        (["train", "runs/old"], 65, ["is the folder of a run", "/runs/old --resume"]),
        (["train", "--out", "runs", "--resume"], 66, [all]), (["inspect", "--run", "runs"], 66, [all]),
        (["generate", "--run", "runs", "--grid", "g.png"], 66, ["runs: isn't a run's folder", all]),
        (["generate", "--run", "runs/od", "--grid", "g.png"], 66, ["runs/od: isn't there", all]),
        (["timelapse", "--run", "runs/", "--out", "g.png"], 66, [all]),
        (["train", "--dry-run", "--config", "runs"], 66, [all]),
        (
          ["generate", "--run", "runs/new/checkpoints/000001.safetensors", "--grid", "g.png"], 66, ["the run runs/new"]
        ),
        (["generate", "--model", "runs/new"], 64, ["give --run"]),
        (["generate", "--model", "new.pt"], 64, ["--checkpoint"]),
        (["generate", "--checkpoint", "runs/new", "--grid", "g.png"], 64, ["give --run runs/new"]),
        (["export", "--checkpoint", "runs/new/checkpoints", "--out", "g.onnx"], 64, ["give --run runs/new"]),
        (["generate", "--generator", "runs/new", "--grid", "g.png"], 64, ["give --run runs/new"]),
      ]
      for (arguments, code, says) in cases {
        let result = try Tool.run(arguments, in: folder)
        #expect(result.code == code && result.errorLines.count == 1 && result.output.isEmpty, "\(arguments) \(result)")
        for word in says { #expect(result.errors.contains(word), "\(word) in \(result)") }
      }
    }
  }

  /// A shell makes two words of it, and a person one time.
  @Test(arguments: [["8", "min"], ["8min"], ["0.5", "h"], ["1", "h", "30", "m"], ["90s"]])
  func timesOfSeveralWords(words: [String]) throws {
    try inTemporaryFolder { folder in
      let result = try succeed(["train", "--dry-run"] + Tool.tiny + ["--for"] + words, in: folder)
      let shown = ["8": "8m", "8min": "8m", "0.5": "30m", "1": "1h30m", "90s": "1m30s"][words[0]] ?? ""
      #expect(result.output.contains(" \(shown), on this machine"), "\(result)")
    }
  }
}
