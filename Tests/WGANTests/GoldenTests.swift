import Compute
import Foundation
import Testing
import WGAN

/// Protects: a run computes what PyTorch computes. From the same initial weights, pictures and noise: losses, gradients, parameters
/// and running statistics over 10 critic and 2 generator steps. Golden/README.md says where each tolerance comes from.
@Suite struct GoldenTests {
  static let files = ["seed-16", "seed-32", "norm-first-16"]

  @Test(arguments: files, Processor.supported.flatMap { set in [AlgorithmChoice.direct, .winograd].map { (set, $0) } })
  func followsPyTorch(file: String, method: (set: InstructionSet, algorithm: AlgorithmChoice)) throws {
    let golden = try Golden(file)
    var configuration = golden.configuration
    configuration.algorithm = method.algorithm
    let instructionSet = method.set
    let trainer = try Trainer(configuration, on: Processor(instructionSet: instructionSet, threads: 2))
    try trainer.setNets(golden.tensors(under: "initial/"))

    var real: [Float] = []
    var fake: [Float] = []
    var generated: [Float] = []
    for step in 0..<10 {
      let pictures = golden["pictures/\(step)"]
      let losses = trainer.criticStep(
        pixels: pictures.values.map { UInt8($0) }, count: pictures.shape[0],
        noise: golden["noise/critic/\(step)"].values)
      real.append(losses.real)
      fake.append(losses.fake)
      if step == 0 { golden.compareGradients(trainer.gradients(), of: "critic", tolerance: 1e-4) }
      if step % 5 == 4 {
        generated.append(trainer.generatorStep(noise: golden["noise/generator/\(step / 5)"].values))
        if step == 4 { golden.compareGradients(trainer.gradients(), of: "generator", tolerance: 3e-4) }
      }
    }

    let largest = [real, fake, generated].joined().map { abs($0) }.max() ?? 0
    for (name, values) in [("real", real), ("fake", fake), ("g", generated)] {
      let expected = golden["float64/loss/\(name)"].values
      #expect(expected.count == values.count)
      for (i, (value, answer)) in zip(values, expected).enumerated() {
        let tolerance: Float = i == 0 && name != "g" ? 1e-5 : 3e-4
        #expect(abs(value - answer) <= tolerance * largest, "\(name) loss of step \(i): \(value), PyTorch \(answer)")
      }
    }
    for tensor in trainer.tensors() where !tensor.name.hasPrefix("optimizer.") {
      let answer = golden["float64/final/" + tensor.name].values
      #expect(answer.count == tensor.values.count, "\(tensor.name) is in the golden file")
      let difference = rms(zip(tensor.values, answer).map { $0 - $1 })
      if tensor.name.contains(".running_") {
        #expect(difference <= 1e-4 * rms(answer), "\(tensor.name): off by \(difference / rms(answer)) of its rms")
      } else {
        let rate = configuration.learningRate
        #expect(difference <= 0.02 * rate, "\(tensor.name): off by \(difference / rate) learning rates")
      }
    }
  }
}

/// One committed file of PyTorch's inputs and results.
struct Golden {
  let configuration: TrainingConfiguration
  private let tensors: [String: NamedTensor]

  init(_ name: String) throws {
    let path = try #require(Bundle.module.path(forResource: name, ofType: "safetensors", inDirectory: "Golden"))
    let file = try SafetensorsFile(at: path)
    tensors = Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0) })
    func value<T: LosslessStringConvertible>(_ key: String) throws -> T {
      try #require(file.metadata[key].flatMap { T($0) })
    }
    var configuration = TrainingConfiguration.seed
    configuration.size = try value("size")
    configuration.channels = try value("channels")
    configuration.features = try value("features")
    configuration.latent = try value("latent")
    configuration.extraLayers = try value("extra_layers")
    configuration.batchSize = try value("batch_size")
    configuration.learningRate = try value("learning_rate")
    configuration.clip = try value("clip")
    configuration.blockOrder = try #require(file.metadata["block_order"].flatMap { BlockOrder(rawValue: $0) })
    self.configuration = configuration
  }

  /// A tensor that must be there: an empty one makes every comparison fail.
  subscript(_ name: String) -> NamedTensor { tensors[name] ?? NamedTensor(name: name, shape: [0], values: []) }

  func tensors(under prefix: String) -> [NamedTensor] {
    tensors.values.filter { $0.name.hasPrefix(prefix) }.map {
      NamedTensor(name: String($0.name.dropFirst(prefix.count)), shape: $0.shape, values: $0.values)
    }
  }

  /// A tensor whose rms is below 1e-3 of its net's largest is measured against that (its gradient is zero but for rounding).
  func compareGradients(_ gradients: [NamedTensor], of net: String, tolerance: Float) {
    let ours = gradients.filter { $0.name.hasPrefix(net + ".") }
    func answer(_ tensor: NamedTensor) -> [Float] {
      self["float64/gradient/\(net)/first/" + tensor.name.dropFirst(net.count + 1)].values
    }
    let largest = ours.map { rms(answer($0)) }.max() ?? 0
    #expect(largest > 0)
    for tensor in ours {
      let expected = answer(tensor)
      #expect(expected.count == tensor.values.count, "\(tensor.name) is in the golden file")
      let scale = max(rms(expected), 1e-3 * largest)
      let difference = rms(zip(tensor.values, expected).map { $0 - $1 })
      #expect(difference <= tolerance * scale, "gradient of \(tensor.name): off by \(difference / scale) of its rms")
    }
  }
}

func rms(_ values: [Float]) -> Float {
  (values.reduce(0) { $0 + $1 * $1 } / Float(max(values.count, 1))).squareRoot()
}
