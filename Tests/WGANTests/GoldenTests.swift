import Training
import TensorFiles
import Configuration
import Compute
import Foundation
import Randomness
import Testing
import WGAN

/// Protects: a run computes what PyTorch computes. From the same initial weights, pictures and noise: losses,
/// gradients, parameters and running statistics over 10 critic steps and the generator steps between them, of every
/// preset, objective and kind of net.
/// Golden/README.md says where each tolerance comes from.
///
/// With WGAN_PARITY=FOLDER (`make parity`) the files are read from there, and the differences are printed as a table.
@Suite(.serialized) struct GoldenTests {
  static let methods = Device.supported.flatMap { set in
    [AlgorithmChoice.direct, .winograd].map { (set: set, algorithm: $0) }
  }

  static let nets = NetRole.allCases.map(\.rawValue)

  @Test func everyPresetIsThere() throws {
    let presets = try Set(Golden.names.map { try Golden($0).configuration.preset })
    #expect(presets.isSuperset(of: ["blog", "original", "paper", "fastai"]))
  }

  @Test func everyObjectiveIsThereWithEachCritic() throws {
    let configurations = try Golden.names.map { try Golden($0).configuration }
    for objective in ObjectiveKind.allCases {
      let critics = Set(configurations.filter { $0.objective == objective }.map(\.criticNet))
      #expect(critics == Set(NetKind.allCases), "\(objective)")
    }
  }

  @Test(arguments: Golden.names, methods)
  func followsPyTorch(name: String, method: (set: InstructionSet, algorithm: AlgorithmChoice)) throws {
    let golden = try Golden(name)
    var configuration = golden.configuration
    configuration.algorithm = method.algorithm
    let trainer = try Trainer(configuration, on: Device(instructionSet: method.set, threads: 2))
    let nets = trainer.tensors(groups: Self.nets)
    try trainer.setNets(NetRole.allCases, from: TensorSet(nets.map { golden.initial($0.name, shape: $0.shape) }))

    var differences = Differences(golden)
    var (critic, generated): ([CriticLosses], [Float]) = ([], [])
    for (step, count) in golden.counts.enumerated() {
      let losses = trainer.criticStep(
        pixels: golden.pixels(step), count: count,
        noise: golden.noise("critic/\(step)", count: configuration.fakes(besideRealPictures: count)))
      critic.append(losses)
      if step == 0 { differences.compareGradients(trainer.gradients(of: .critic), of: "critic") }
      if step % configuration.criticSteps == configuration.criticSteps - 1 {
        let noise = golden.noise("generator/\(generated.count)", count: configuration.batchSize)
        generated.append(trainer.generatorStep(noise: noise))
        if generated.count == 1 { differences.compareGradients(trainer.gradients(of: .generator), of: "generator") }
      }
    }
    differences.compareLosses(critic: critic, generator: generated)
    if configuration.objective.isPenalised { differences.comparePenalties(critic) }
    differences.compareNets(trainer.tensors(groups: Self.nets + [NetRole.averagedGeneratorGroup]))

    #expect(differences.compared == golden.resultNames)
    for (quantity, tolerance) in golden.tolerances {
      let worst = differences.worst[quantity, default: (0, "")]
      #expect(worst.value <= tolerance, "\(quantity): off by \(worst.value) in \(worst.tensor), allowed \(tolerance)")
    }
    if Golden.printsTable {
      if method == Self.methods[0] {
        if name == Golden.names.first { ParityTable.printHeader() }
        ParityTable.printRow(name, "tolerance", golden.tolerances)
        ParityTable.printRow(name, "PyTorch's float32", golden.float32)
      }
      ParityTable.printRow(
        name, "\(method.algorithm.rawValue), \(method.set.rawValue)", differences.worst.mapValues(\.value))
    }
  }
}

/// How far a run is from PyTorch's: by quantity the worst tensor, in the units of Golden/README.md.
private struct Differences {
  let golden: Golden
  private(set) var worst: [String: (value: Double, tensor: String)] = [:]
  private(set) var compared: Set<String> = []

  init(_ golden: Golden) { self.golden = golden }

  private mutating func note(_ quantity: String, _ tensor: String, _ value: Float) {
    // What became NaN is infinitely far off, not not at all.
    let value = value.isNaN ? Double.infinity : Double(value)
    if value >= worst[quantity, default: (0, "")].value { worst[quantity] = (value, tensor) }
  }

  /// A tensor that PyTorch hasn't is infinitely far off.
  private mutating func distance(_ values: [Float], _ name: String) -> [Float] {
    compared.insert(name)
    let answer = golden[name]
    return answer.count == values.count ? zip(values, answer).map { $0 - $1 } : [.infinity]
  }

  mutating func compareLosses(critic: [CriticLosses], generator: [Float]) {
    let largest = ["real", "fake", "g"].flatMap { golden["loss/" + $0] }.map { abs($0) }.max() ?? 0
    for (name, losses) in [("real", critic.map(\.real)), ("fake", critic.map(\.fake)), ("g", generator)] {
      for (i, off) in distance(losses, "loss/" + name).enumerated() {
        note(i == 0 && name != "g" ? "first losses" : "later losses", "\(name) \(i)", abs(off) / largest)
      }
    }
  }

  mutating func comparePenalties(_ critic: [CriticLosses]) {
    for (name, quantity) in [
      ("penalty", "penalties"), ("gradient_norm", "gradient norms"), ("gradient_norm_spread", "gradient norms"),
    ] {
      let largest = golden["loss/" + name].map { abs($0) }.max() ?? 0
      let measured = critic.map { $0.measured[name] ?? .nan }
      for (i, off) in distance(measured, "loss/" + name).enumerated() {
        note(quantity, "\(name) \(i)", abs(off) / largest)
      }
    }
  }

  /// A tensor whose rms is below 1e-3 of its net's largest is measured against that: it may be zero but for rounding.
  mutating func compareGradients(_ gradients: TensorSet, of net: String) {
    let ours = gradients.filter { $0.name.hasPrefix(net + ".") }
    let largest = ours.map { rms(golden["gradient/" + $0.name]) }.max() ?? 0
    for tensor in ours {
      let name = "gradient/" + tensor.name
      let off = rms(distance(tensor.values, name))
      note("\(net)'s gradient", tensor.name, off / max(rms(golden[name]), 1e-3 * largest))
    }
  }

  mutating func compareNets(_ tensors: TensorSet) {
    for tensor in tensors {
      let off = rms(distance(tensor.values, "final/" + tensor.name))
      if tensor.name.contains(".running_") {
        note("running statistics", tensor.name, off / rms(golden["final/" + tensor.name]))
      } else {
        let c = golden.configuration
        let rate = tensor.name.hasPrefix("critic.") ? c.criticLearningRate : c.generatorLearningRate
        note("parameters", tensor.name, off / rate)
      }
    }
  }
}

private enum ParityTable {
  static let quantities = [
    "first losses", "later losses", "critic's gradient", "generator's gradient", "parameters", "running statistics",
    "penalties", "gradient norms",
  ]

  static func printHeader() {
    print("| case | run | " + quantities.joined(separator: " | ") + " |")
    print(String(repeating: "|---", count: quantities.count + 2) + "|")
  }

  static func printRow(_ name: String, _ run: String, _ values: [String: Double]) {
    let cells = quantities.map { values[$0].map { String(format: "%.1e", $0) } ?? "" }
    print("| " + ([name, run] + cells).joined(separator: " | ") + " |")
  }
}

/// One case: its inputs, made here as make_golden.py makes them, and PyTorch's results, a file.
struct Golden {
  static let printsTable = ProcessInfo.processInfo.environment["WGAN_PARITY"] != nil
  private static let folder =
    ProcessInfo.processInfo.environment["WGAN_PARITY"] ?? (Bundle.module.resourcePath ?? "") + "/Golden"

  /// Of every case.
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { $0.hasSuffix(".safetensors") }.map { String($0.dropLast(".safetensors".count)) }.sorted()

  /// The preset with the case's changes, and its seed.
  let configuration: TrainingConfiguration
  /// The real pictures of each critic step.
  let counts: [Int]
  /// By quantity.
  let tolerances: [String: Double]
  /// How far PyTorch's own float32 is from its float64.
  let float32: [String: Double]
  private let seed: UInt64
  private let results: [String: [Float]]

  init(_ name: String) throws {
    let file = try SafetensorsFile(at: "\(Self.folder)/\(name).safetensors")
    results = Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.values) })
    func text(_ key: String) throws -> String { try #require(file.metadata[key]) }
    func decoded<Value: Decodable>(_ key: String) throws -> Value {
      try JSONDecoder().decode(Value.self, from: Data(text(key).utf8))
    }
    counts = try decoded("counts")
    tolerances = try decoded("tolerances")
    float32 = try decoded("float32")
    seed = try #require(UInt64(text("seed")))

    let preset = try TrainingConfiguration.preset(named: text("preset"))
    func presetWith(_ key: String) throws -> TrainingConfiguration {
      func object(_ data: Data) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      }
      let given = try object(Data(text(key).utf8))
      var fields = try object(JSONEncoder().encode(preset)).merging(given) { $1 }
      // The cases' nets have one optimizer, by the name that it had in earlier files.
      for name in ["Optimizer", "AdamBeta1", "AdamBeta2"] {
        if given[name.prefix(1).lowercased() + name.dropFirst()] == nil { continue }
        (fields["critic" + name], fields["generator" + name]) = (nil, nil)
      }
      return try JSONDecoder().decode(TrainingConfiguration.self, from: JSONSerialization.data(withJSONObject: fields))
    }
    var configuration = try presetWith("changes")
    try configuration.validate()
    // The presets are written down in Python once more; what the case doesn't change is the same there.
    #expect(try presetWith("configuration") == configuration)
    configuration.seed = seed  // Of the numbers that a step draws by itself.
    self.configuration = configuration
  }

  var resultNames: Set<String> { Set(results.keys) }

  /// A result; one that isn't there is empty.
  subscript(_ name: String) -> [Float] { results[name] ?? [] }

  // MARK: - Inputs

  /// A parameter or a buffer before the first step.
  func initial(_ name: String, shape: [Int]) -> NamedTensor {
    let c = configuration
    let isCritic = name.hasPrefix("critic.")
    let fanIn = Double(shape.dropFirst().reduce(1, *))
    let (centre, range): (Double, Double) =
      if name.hasSuffix(".running_mean") {
        (0, 0.05)
      } else if name.hasSuffix(".running_var") {
        (0, 0)
      } else if name.hasSuffix(".bn.weight") {
        (1, 0.5)
      } else if name.hasSuffix(".bn.bias") {
        (0, isCritic && c.blockOrder == .convolutionNormActivation ? 0.003 : 0.2)
      } else if name.hasSuffix(".bias") {
        (0, 0.02)
      } else {
        (0, (isCritic ? criticFactor : 1) / fanIn.squareRoot())
      }
    let values = uniform(name, shape.reduce(1, *)).map { Float(centre + ($0 * 2 - 1) * range) }
    return NamedTensor(name: name, shape: shape, values: values)
  }

  /// Of a critic's weights: narrow bounds want less than PyTorch's range, gradients with norms near 1 more.
  private var criticFactor: Double {
    if configuration.objective.isPenalised { return 2 }
    return configuration.clipUpper < 0.05 ? 0.1 : 1
  }

  /// The real pictures of critic step `step`, `[picture][y][x][channel]`.
  func pixels(_ step: Int) -> [UInt8] {
    let (size, channels) = (configuration.size, configuration.channels)
    let tiles = uniform("tiles/\(step)", counts[step] * 16 * channels)
    let grain = uniform("pictures/\(step)", counts[step] * size * size * channels)
    return grain.enumerated().map { index, grain in
      let (channel, x, y) = (index % channels, index / channels % size, index / channels / size % size)
      let tile = (index / channels / size / size * 4 + y * 4 / size) * 4 + x * 4 / size
      return UInt8(tiles[tile * channels + channel] * 230) + UInt8(grain * 26)
    }
  }

  /// `[picture][latent]`.
  func noise(_ name: String, count: Int) -> [Float] {
    let u = uniform("noise/" + name, 4 * count * configuration.latent)
    return stride(from: 0, to: u.count, by: 4).map { i -> Float in
      let (first, second) = (u[i] + u[i + 1], u[i + 2] + u[i + 3])
      return Float(first + second - 2)
    }
  }

  /// The stream of the tensor `name`: its index is the name's FNV-1a hash.
  private func uniform(_ name: String, _ count: Int) -> [Double] {
    let index = name.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    var stream = RandomStream(seed: seed, purpose: .test, index: Int(index))
    return (0..<count).map { _ in Double(stream.uniform()) }
  }
}

func rms(_ values: [Float]) -> Float {
  (values.reduce(0) { $0 + $1 * $1 } / Float(max(values.count, 1))).squareRoot()
}
