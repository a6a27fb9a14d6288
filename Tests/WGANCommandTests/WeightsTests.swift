import TestSupport
import TensorFiles
import SystemSupport
import Foundation
import Testing
import WGAN

/// Protects: nets leave a run and come back by the tool as they were; every way to be wrong is one line, its exit code,
/// and no file.
@Suite struct WeightsTests {
  func run(_ arguments: [String], _ code: Int32 = 0, says words: [String] = [], in folder: String) throws {
    let result = try Tool.run(arguments, in: folder)
    #expect(result.code == code, "\(arguments): \(result)")
    if code != 0 { #expect(result.errorLines.count == 1 && result.output.isEmpty, "\(result)") }
    for word in words { #expect(result.errors.contains(word), "\(word) in \(result)") }
  }

  func tensors(_ path: String) throws -> TensorSet { try SafetensorsFile(at: path).tensors() }

  /// What is written is what the name says; who says it twice says the same.
  @Test func theEndingIsTheFormat() throws {
    try inTemporaryFolder { folder in
      try run(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
      let export = ["export", "--run", "run"]
      for ending in ["onnx", "safetensors"] {
        try run(export + ["--out", "a.\(ending)"], in: folder)
        try run(export + ["--out", "b.\(ending)", "--format", ending], in: folder)
        try run(export + ["--out", "c", "--format", ending], in: folder)
        let bytes = try readFile(folder / "a.\(ending)")
        #expect(try readFile(folder / "b.\(ending)") == bytes && readFile(folder / "c") == bytes)
        removeFile(folder / "c")
      }
      try run(
        export + ["--out", "d.onnx", "--format", "safetensors"], 64, says: ["d.onnx", "safetensors"], in: folder)
      for ending in ["pt", "pth", "npz"] {
        try run(export + ["--out", "d.\(ending)"], 64, says: [".\(ending)", ".safetensors", ".onnx"], in: folder)
      }
      for rest in [[], ["--out", "d"], ["--out", "-"]] {
        try run(export + rest, 64, says: ["--out", "--format", "tensorboard"], in: folder)
      }
      #expect(try folderNames(folder).allSatisfy { !$0.hasPrefix("d") })
    }
  }

  @Test func netsLeaveAndComeBack() throws {
    try inTemporaryFolder { folder in
      try run(["train", "--out", "run", "--generator-steps", "2"] + Tool.tiny, in: folder)
      for net in ["generator", "critic"] {
        let out = "\(net).safetensors"
        try run(["export", "--run", "run", "--format", "safetensors", "--net", net, "--out", out], in: folder)
      }
      try run(["generate", "--run", "run", "--count", "3", "--grid", "a.png", "--tensors", "a"], in: folder)
      try run(
        ["generate", "--generator", "generator.safetensors", "--count", "3", "--grid", "b.png", "--tensors", "b"],
        in: folder)
      #expect(try readFile(folder / "a.png") == readFile(folder / "b.png"))
      #expect(try readFile(folder / "a") == readFile(folder / "b"))
      #expect(try tensors(folder / "a").map(\.shape) == [[3, 8], [3, 3, 16, 16]])

      // As if another program had written it: then the flags say what it is.
      let bare = try tensors(folder / "generator.safetensors").filter { !$0.name.hasSuffix("num_batches_tracked") }
      try Safetensors.write(TensorSet(bare), metadata: [:], to: folder / "bare")
      let flags = ["--size", "16", "--features", "4", "--latent", "8"]
      try run(["generate", "--generator", "bare", "--count", "3", "--tensors", "c"] + flags, in: folder)
      #expect(try tensors(folder / "c") == tensors(folder / "a"))

      // Training that begins with both nets and can't move them still has them.
      let both = ["--init-generator", "generator.safetensors", "--init-critic", "critic.safetensors"]
      try run(
        ["train", "--out", "on", "--generator-steps", "1", "--learning-rate", "1e-30", "--clip", "1000"] + both
          + Tool.tiny, in: folder)
      #expect(try RunPaths(folder / "on").configuration().initialCritic == folder / "critic.safetensors")
      for net in ["generator", "critic"] {
        try run(
          ["export", "--run", "on", "--format", "safetensors", "--net", net, "--force", "--out", "again"], in: folder)
        let before = try tensors(folder / "\(net).safetensors")
        let after = try tensors(folder / "again")
        for (old, new) in zip(before, after) where !old.name.contains("running_") && !old.name.contains("num_") {
          #expect(old == new, "\(net) \(old.name)")
        }
        #expect(before.map(\.name) == after.map(\.name) && before != after)
      }
      // A run that begins anew does so with the same nets.
      try run(["train", "--out", "on", "--resume", "--begin-anew"], in: folder)
      try run(["export", "--run", "on", "--format", "safetensors", "--net", "critic", "--out", "anew"], in: folder)
      #expect(try readFile(folder / "anew") == readFile(folder / "again"))

      try run(["export", "--run", "run", "--format", "onnx", "--out", "generator.onnx"], in: folder)
      try wrongs(in: folder, both: both)
    }
  }

  /// After the above: what can't be done changes nothing.
  func wrongs(in folder: String, both: [String]) throws {
    try writeFile([1], to: folder / "old.onnx")
    let names = try folderNames(folder)
    let overOld = ["export", "--force", "--format", "onnx", "--out", "old.onnx"]
    try run(overOld + ["--run", "no"], 66, says: ["no"], in: folder)
    try run(
      overOld + ["--checkpoint", "generator.safetensors"], 65,
      says: ["generator.safetensors", "generator.initial.conv.weight", "missing"], in: folder)
    try run(["export", "--run", "run", "--format", "onnx", "--out", "none/x"], 73, says: ["none/x"], in: folder)
    try run(["export", "--run", "run", "--format", "gguf", "--out", "x"], 64, says: ["--format", "onnx"], in: folder)
    try run(["export", "--run", "run", "--out", "x"], 64, says: ["--format"], in: folder)
    try run(["export", "--format", "onnx", "--out", "x"], 64, says: ["--run", "--checkpoint"], in: folder)

    let generate = ["generate", "--grid", "x.png", "--generator"]
    try run(generate + ["none"], 66, says: ["none"], in: folder)
    try run(generate + ["bare"], 65, says: ["bare", "\"initial.conv.weight\"", "shape"], in: folder)
    try run(generate + ["critic.safetensors"], 65, says: ["critic.safetensors", "initial.conv.weight"], in: folder)
    try run(generate + ["bare", "--size", "48"], 64, says: ["--size 48"], in: folder)
    try run(generate + ["generator.safetensors", "--size", "32"], 64, says: ["--size 32", "16"], in: folder)
    try run(generate + ["a.png"], 65, says: ["a.png"], in: folder)
    try run(generate + ["bare", "--run", "run"], 64, says: ["--run", "--generator"], in: folder)
    try run(["generate", "--run", "run", "--grid", "x.png", "--size", "16"], 64, says: ["--generator"], in: folder)

    let train = ["train", "--out", "new", "--generator-steps", "1"] + Tool.tiny
    try run(
      train + ["--init-generator", "critic.safetensors"], 65, says: ["critic.safetensors", "generator"], in: folder)
    try run(train + ["--init-critic", "none"], 66, says: ["none"], in: folder)
    try run(
      train + both + ["--block-order", "conv-norm-act"], 64, says: ["generator.safetensors", "layer 2"], in: folder)
    try run(["train", "--out", "on", "--resume"] + both, 64, says: ["--init-generator", "--resume"], in: folder)
    #expect(try folderNames(folder) == names)
    #expect(try readFile(folder / "old.onnx") == [1])
  }
}
