import TestSupport
import Training
import TensorFiles
import Configuration
import Compute
import SystemSupport
import Foundation
import Graph
import Randomness
import Testing
import WGAN

/// Protects: a file's tensors reach the right parameters of the right net, whoever named them; a file of another net is
/// refused by the first tensor that differs; what is exported is what was trained.
@Suite struct NetWeightsTests {
  static let small: TrainingConfiguration = {
    var configuration = TrainingConfiguration.blog
    configuration.size = 16
    configuration.features = 2
    configuration.latent = 3
    return configuration
  }()

  /// Random tensors of a net, named without it.
  func tensors(_ role: NetRole, of configuration: TrainingConfiguration = small) throws -> [NamedTensor] {
    var random = RandomStream(seed: 3, purpose: .test)
    return ParameterTable(try configuration.network(role).fused()).all.map {
      NamedTensor(name: $0.name, shape: $0.shape, values: random.normals($0.valueCount))
    }
  }

  func renamed(_ tensors: [NamedTensor], _ name: (String) -> String) -> [NamedTensor] {
    tensors.map { NamedTensor(name: name($0.name), shape: $0.shape, values: $0.values) }
  }

  /// What a net takes from a file of these tensors.
  func taken(
    _ tensors: [NamedTensor], counts: [(name: String, value: Int64)] = [], metadata: [String: String] = [:],
    _ role: NetRole = .generator, of configuration: TrainingConfiguration = small
  ) throws -> [NamedTensor] {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "net.safetensors")
      try Safetensors.write(TensorSet(tensors), counts: counts, metadata: metadata, to: path)
      let file = try WeightsFile(at: path)
      return Array(try NetWeights(in: file, for: role, of: configuration).tensors(of: file))
    }
  }

  func expectRefused(
    _ tensors: [NamedTensor], counts: [(name: String, value: Int64)] = [], metadata: [String: String] = [:],
    of configuration: TrainingConfiguration = small, _ kind: FailureKind = .badData, _ words: String...,
    location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: Failure.self, sourceLocation: location) {
      try taken(tensors, counts: counts, metadata: metadata, of: configuration)
    }
    #expect(error?.kind == kind, sourceLocation: location)
    let line = error?.description ?? ""
    #expect(!line.contains("\n"), sourceLocation: location)
    for word in words { #expect(line.contains(word), "\(word) in \(line)", sourceLocation: location) }
  }

  @Test(arguments: NetRole.allCases) func namesOfEveryOrigin(role: NetRole) throws {
    let tensors = try tensors(role)
    let answer = renamed(tensors) { "\(role.rawValue).\($0)" }
    let counts = [(name: "pyramid.0.bn.num_batches_tracked", value: Int64(7))]
    #expect(try taken(tensors, counts: counts, role) == answer)
    for prefix in ["module.", "state_dict.", "net.module.", "\(role.rawValue).", "\(role.rawValue).module."] {
      #expect(try taken(renamed(tensors) { prefix + $0 }, role) == answer, "\(prefix)")
    }
    // A checkpoint: the other net and the optimizers' states beside it.
    let other: NetRole = role == .critic ? .generator : .critic
    var all = answer + renamed(try self.tensors(other)) { "\(other.rawValue).\($0)" }
    all += renamed(tensors.map { NamedTensor(name: $0.name, shape: $0.shape, values: $0.values.map { -$0 }) }) {
      "optimizer.\(role.rawValue).square_avg.\($0)"
    }
    #expect(try taken(all, role) == answer)
  }

  /// Files with the names that the authors' models/dcgan.py spells, which make_fixtures.py writes out.
  @Test(arguments: NetRole.allCases) func theAuthorsNames(role: NetRole) throws {
    let path = try #require(
      Bundle.module.path(forResource: "authors-\(role.rawValue)", ofType: "pth", inDirectory: "TorchFiles"))
    let answers = try SafetensorsFile(
      at: try #require(Bundle.module.path(forResource: "authors", ofType: "safetensors", inDirectory: "TorchFiles"))
    ).tensors(groups: [role.rawValue])
    var configuration = Self.small
    configuration.blockOrder = .convolutionNormActivation
    if role == .critic { configuration.extraLayers = 1 }
    let file = try WeightsFile(at: path)
    let tensors = try NetWeights(in: file, for: role, of: configuration).tensors(of: file)
    #expect(tensors.count == answers.count { !$0.name.hasSuffix("num_batches_tracked") } && !tensors.isEmpty)
    for tensor in tensors { #expect(answers.first { $0.name == tensor.name } == tensor) }

    // Their blocks have the norm before the activation; their names say so, the tensors don't.
    configuration.blockOrder = .convolutionActivationNorm
    let order = #expect(throws: Failure.self) { try NetWeights(in: file, for: role, of: configuration) }
    #expect(order?.kind == .usage && order?.description.contains("--block-order conv-norm-act") == true)
    configuration.features = 4
    let width = #expect(throws: Failure.self) { try NetWeights(in: file, for: role, of: configuration) }
    #expect(width?.description.contains("\"main.initial") == true)
  }

  /// The numbers that the modules of PyTorch's DCGAN example have in its Sequential, of 32x32 pictures.
  static let sequential: [NetRole: [String: Int]] = [
    .generator: [
      "initial.conv": 0, "initial.bn": 1, "pyramid.0.conv": 3, "pyramid.0.bn": 4, "pyramid.1.conv": 6,
      "pyramid.1.bn": 7, "final": 9,
    ],
    .critic: [
      "initial.conv": 0, "pyramid.0.conv": 2, "pyramid.0.bn": 3, "pyramid.1.conv": 5, "pyramid.1.bn": 6, "final": 8,
    ],
  ]

  @Test(arguments: NetRole.allCases) func theNamesOfPyTorchsDCGAN(role: NetRole) throws {
    var configuration = Self.small
    configuration.size = 32
    configuration.blockOrder = .convolutionNormActivation
    let own = try tensors(role, of: configuration)
    let numbers = try #require(Self.sequential[role])
    let theirs = renamed(own) { name in
      let words = name.split(separator: ".")
      return "main.\(numbers[words.dropLast().joined(separator: ".")] ?? -1).\(words.last ?? "")"
    }
    let counts = [(name: "main.1.num_batches_tracked", value: Int64(7))]
    let answer = renamed(own) { "\(role.rawValue).\($0)" }
    #expect(try taken(theirs, counts: counts, role, of: configuration) == answer)
    #expect(try taken(renamed(theirs) { "module." + $0 }, role, of: configuration) == answer)

    // Their blocks have the norm before the activation.
    configuration.blockOrder = .convolutionActivationNorm
    let order = #expect(throws: Failure.self) { try taken(theirs, role, of: configuration) }
    #expect(order?.kind == .usage && order?.description.contains("--block-order conv-norm-act") == true)
    // Another net's are named as they are there.
    configuration.blockOrder = .convolutionNormActivation
    configuration.size = 16
    let size = #expect(throws: Failure.self) { try taken(theirs, role, of: configuration) }
    #expect(size?.kind == .badData && size?.description.contains("\"main.") == true)
  }

  @Test func netsOfOtherProgramsAreNamed() {
    let tensor = NamedTensor(name: "GAN.GE.initial_conv.0.weight", shape: [1], values: [0])
    expectRefused([tensor], .badData, "lightweight-gan", "other layers")
  }

  @Test func theFirstTensorThatDiffersIsNamed() throws {
    let good = try tensors(.generator)
    var tensors = good
    tensors.remove(at: 3)
    expectRefused(tensors, .badData, "generator", "\"\(good[3].name)\"", "missing")
    tensors = good
    tensors[4] = NamedTensor(name: tensors[4].name, shape: [2, 1], values: [0, 0])
    expectRefused(tensors, .badData, "\"\(good[4].name)\"", "[2, 1]", "\(good[4].shape)")
    expectRefused(
      good + [NamedTensor(name: "extra.0.conv\n.weight", shape: [1], values: [0])], .badData,
      "\"extra.0.conv?.weight\"",
      "unexpected")
    // The other net.
    expectRefused(try self.tensors(.critic), .badData, "\"initial.conv.weight\"", "shape")
    expectRefused([], .badData, "\"initial.conv.weight\"", "missing")
    // Whole numbers can't be weights.
    let name = "initial.bn.weight"
    var counted = try self.tensors(.generator)
    counted.removeAll { $0.name == name }
    expectRefused(counted, counts: [(name, 1)], .badData, "\"\(name)\"")
    // Two of them.
    let two = renamed(good) { "a." + $0 } + renamed(good) { "b." + $0 }
    expectRefused(two, .badData, "\"a\", \"b\"")
  }

  /// Exports a checkpoint of random tensors; gives the file back.
  func exported(_ role: NetRole, _ configuration: TrainingConfiguration, _ body: (String) throws -> Void) throws {
    try inTemporaryFolder { folder in
      var position = RunPosition()
      position.generatorSteps = 10
      position.criticSteps = 50
      let state = CheckpointState(
        position: position, seconds: 1, picturesPerEpoch: 1, dataFingerprint: "",
        criticLosses: CriticLosses(real: 0, fake: 0))
      let all = try NetRole.allCases.flatMap { role in
        renamed(try tensors(role, of: configuration)) { "\(role.rawValue).\($0)" }
      }
      let checkpoint = try CheckpointFolder(folder).save(state, tensors: TensorSet(all), configuration: configuration)
      let path = joinPath(folder, "out.safetensors")
      try WeightsExport.write(role, of: .checkpoint(checkpoint), as: .safetensors, to: path) { _ in }
      try body(path)
    }
  }

  /// The names, shapes and types of the module's state_dict in wgan_reference.py, and nothing else.
  @Test func exportIsAStateDict() throws {
    try exported(.critic, Self.small) { path in
      let file = try WeightsFile(at: path)
      let shapes = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.shape) })
      #expect(
        shapes == [
          "initial.conv.weight": [2, 3, 4, 4], "pyramid.0.conv.weight": [4, 2, 4, 4], "pyramid.0.bn.weight": [4],
          "pyramid.0.bn.bias": [4], "pyramid.0.bn.running_mean": [4], "pyramid.0.bn.running_var": [4],
          "pyramid.0.bn.num_batches_tracked": [], "final.weight": [1, 4, 4, 4],
        ])
      for tensor in file.tensors {
        #expect(tensor.type == (tensor.name.hasSuffix("num_batches_tracked") ? .int64 : .float32))
      }
      // Real and fake pictures in each of 50 critic steps, fake ones in 10 generator steps.
      let count = try #require(file.tensors.first { $0.name.hasSuffix("num_batches_tracked") })
      #expect(try file.read(count, as: "").values == [110])
      #expect(try file.provenance?.configuration == Self.small && file.metadata["net"] == "critic")
      let back = try NetWeights(in: file, for: .critic, of: Self.small).tensors(of: file)
      #expect(try Array(back) == renamed(tensors(.critic)) { "critic.\($0)" })
    }
  }

  /// Tensors of the same shapes in another order of layers would draw other pictures, and nobody would know why.
  @Test func aFileThatSaysItsNetIsAnother() throws {
    try exported(.generator, Self.small) { path in
      var configuration = Self.small
      let file = try WeightsFile(at: path)
      // What isn't the net's may differ.
      configuration.batchSize = 7
      #expect(throws: Never.self) { try NetWeights(in: file, for: .generator, of: configuration) }
      configuration.blockOrder = .convolutionNormActivation
      let error = #expect(throws: Failure.self) { try NetWeights(in: file, for: .generator, of: configuration) }
      #expect(error?.kind == .usage && error?.description.contains("layer 2 is activation") == true)
    }
    let tensors = try tensors(.generator)
    expectRefused(tensors, metadata: ["configuration": "{}"], .badData, "generator_steps")
    expectRefused(
      tensors, metadata: ["configuration": "{}", "generator_steps": "1", "critic_steps": "-1"], .badData, "critic_steps"
    )
    expectRefused(
      tensors, metadata: ["configuration": "{}", "generator_steps": "1", "critic_steps": "1"], .badData, "\"preset\"")
  }
}
