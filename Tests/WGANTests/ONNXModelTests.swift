import TestSupport
import Training
import TensorFiles
import Configuration
import Compute
import SystemSupport
import Foundation
import Graph
import Randomness
import ReferenceKernels
import Testing
import WGAN

/// Protects: an exported ONNX model is one, and computes what the net computes: it is taken apart here by a reader of
/// protocol buffers and run by the reference kernels. (check_weights.py does the same with onnx and onnxruntime.)
@Suite struct ONNXModelTests {
  struct Model {
    var nodes: [(type: String, inputs: [String], output: String, attributes: [String: Message])]
    var initializers: [String: ReferenceTensor]
    var input: (name: String, shape: [String])
    var output: (name: String, shape: [String])
    var operatorSet: UInt64
    var metadata: [String: String]

    init(_ bytes: [UInt8]) throws {
      let model = try Message(bytes)
      #expect(model.number(1) == 8 && model.text(2) == "wgan" && model.text(3) == wganVersion)
      let operators = try #require(try model.messages(8).first)
      #expect(operators.text(1) == "")
      operatorSet = operators.number(2)
      metadata = Dictionary(uniqueKeysWithValues: try model.messages(14).map { ($0.text(1), $0.text(2)) })
      let graph = try #require(try model.messages(7).first)
      nodes = try graph.messages(1).map { node in
        let attributes = Dictionary(uniqueKeysWithValues: try node.messages(5).map { ($0.text(1), $0) })
        #expect(attributes.values.allSatisfy { [1, 2, 7].contains($0.number(20)) })
        return (node.text(4), node.texts(1), node.text(2), attributes)
      }
      initializers = Dictionary(
        uniqueKeysWithValues: try graph.messages(5).map { tensor in
          #expect([1, 7].contains(tensor.number(2)))
          let type = tensor.number(2) == 7 ? ElementType.int64 : .float32
          let values = type.values(tensor.bytes(9)).map { Double($0) }
          return (tensor.text(8), ReferenceTensor(shape: tensor.numbers(1).map { Int($0) }, values: values))
        })
      func value(_ message: Message) throws -> (String, [String]) {
        let tensor = try #require(try message.messages(2).first?.messages(1).first)
        #expect(tensor.number(1) == 1)
        let dimensions = try #require(try tensor.messages(2).first).messages(1)
        return (message.text(1), dimensions.map { $0.text(2).isEmpty ? String($0.number(1)) : $0.text(2) })
      }
      input = try value(try #require(try graph.messages(11).first))
      output = try value(try #require(try graph.messages(12).first))
    }

    /// As the ONNX operators are defined.
    func run(_ source: ReferenceTensor) throws -> ReferenceTensor {
      var values = initializers
      values[input.name] = source
      for node in nodes {
        let inputs = try node.inputs.map { try #require(values[$0], "\($0) before it is read") }
        func integers(_ name: String) throws -> [Int] { try #require(node.attributes[name]).numbers(8).map { Int($0) } }
        let result: ReferenceTensor
        switch node.type {
        case "Conv", "ConvTranspose":
          let (kernels, strides, pads) = (try integers("kernel_shape"), try integers("strides"), try integers("pads"))
          #expect(kernels.count == 2 && strides.count == 2 && pads.count == 4)
          #expect(Set(kernels).count == 1 && Set(strides).count == 1 && Set(pads).count == 1)
          result =
            node.type == "Conv"
            ? ReferenceConvolution(kernel: kernels[0], stride: strides[0], padding: pads[0])
              .forward(source: inputs[0], weights: inputs[1])
            : ReferenceTransposedConvolution(kernel: kernels[0], stride: strides[0], padding: pads[0])
              .forward(source: inputs[0], weights: inputs[1])
        case "BatchNormalization":
          let epsilon = Double(try #require(node.attributes["epsilon"]).float(2))
          result = ReferenceBatchNorm(epsilon: epsilon).forwardEvaluation(
            source: inputs[0], gamma: inputs[1].values, beta: inputs[2].values,
            running: .init(mean: inputs[3].values, variance: inputs[4].values))
        case "Flatten":
          #expect(node.attributes["axis"]?.number(3) == 1)
          let count = inputs[0].shape[0]
          result = ReferenceTensor(shape: [count, inputs[0].count / count], values: inputs[0].values)
        case "Gemm":
          // Y = A B^T + C.
          #expect(node.attributes["transB"]?.number(3) == 1)
          let (a, b, c) = (inputs[0], inputs[1], inputs[2])
          #expect(a.shape.count == 2 && a.shape[1] == b.shape[1] && c.shape == [b.shape[0]])
          var product = ReferenceTensor(shape: [a.shape[0], b.shape[0]])
          for n in 0..<a.shape[0] {
            for o in 0..<b.shape[0] {
              product.values[n * b.shape[0] + o] = (0..<a.shape[1]).reduce(c.values[o]) {
                $0 + a.values[n * a.shape[1] + $1] * b.values[o * a.shape[1] + $1]
              }
            }
          }
          result = product
        case "Reshape":
          let shape = zip(inputs[1].values, inputs[1].values.indices).map { $0 == 0 ? inputs[0].shape[$1] : Int($0) }
          result = ReferenceTensor(shape: shape, values: inputs[0].values)
        case "Relu": result = ReferenceActivation.relu.forward(inputs[0])
        case "LeakyRelu":
          let slope = Double(try #require(node.attributes["alpha"]).float(2))
          result = ReferenceActivation.leakyReLU(slope: slope).forward(inputs[0])
        case "Tanh": result = ReferenceActivation.tanh.forward(inputs[0])
        default: throw Failure(.badData, node.type)
        }
        #expect(values.updateValue(result, forKey: node.output) == nil, "\(node.output) is written once")
      }
      return try #require(values[output.name])
    }
  }

  /// A checkpoint with random weights, positive variances.
  func withCheckpoint(_ configuration: TrainingConfiguration, _ body: (_ folder: String, _ path: String) throws -> Void)
    throws
  {
    var random = RandomStream(seed: 4, purpose: .test)
    let all = try NetRole.allCases.flatMap { role in
      ParameterTable(try configuration.network(role).fused()).all.map { parameter in
        let values = random.normals(parameter.valueCount).map { parameter.name.hasSuffix("_var") ? abs($0) : $0 / 4 }
        return NamedTensor(name: "\(role.rawValue).\(parameter.name)", shape: parameter.shape, values: values)
      }
    }
    try inTemporaryFolder { folder in
      let state = CheckpointState(
        position: RunPosition(), seconds: 1, picturesPerEpoch: 1, dataFingerprint: "",
        criticLosses: CriticLosses(real: 0, fake: 0))
      try body(folder, try CheckpointFolder(folder).save(state, tensors: TensorSet(all), configuration: configuration))
    }
  }

  func model(_ role: NetRole, _ folder: String, _ checkpoint: String) throws -> Model {
    let path = joinPath(folder, "net.onnx")
    try WeightsExport.write(role, of: .checkpoint(checkpoint), as: .onnx, to: path) { _ in }
    return try Model(try readFile(path))
  }

  @Test(arguments: BlockOrder.allCases, [1, 3]) func theModelDrawsOurPictures(order: BlockOrder, channels: Int) throws {
    var configuration = NetWeightsTests.small
    configuration.blockOrder = order
    configuration.channels = channels
    configuration.extraLayers = 1
    configuration.features = 6
    try withCheckpoint(configuration) { folder, checkpoint in
      let model = try model(.generator, folder, checkpoint)
      #expect(model.operatorSet == 18)
      #expect(model.input.name == "z" && model.input.shape == ["N", "3", "1", "1"])
      #expect(model.output.name == "pictures" && model.output.shape == ["N", "\(channels)", "16", "16"])
      #expect(model.metadata["net"] == "generator" && model.metadata["configuration"] != nil)
      let block =
        order == .convolutionNormActivation ? ["BatchNormalization", "Relu"] : ["Relu", "BatchNormalization"]
      let types = [[String]](repeating: ["ConvTranspose"] + block, count: 3).flatMap(\.self)
      #expect(model.nodes.map(\.type) == types + ["ConvTranspose", "Tanh"])

      let sampler = try Sampler(
        configuration, tensors: try Checkpoint(at: checkpoint).tensors, on: Device.fromEnvironment(threads: 1))
      let (noise, pictures) = sampler.values(.series(seed: 1, 0..<3))
      let answer = try model.run(ReferenceTensor(shape: [3, 3, 1, 1], values: noise.map { Double($0) }))
      #expect(answer.shape == [3, channels, 16, 16])
      #expect(zip(pictures, answer.values).allSatisfy { abs(Double($0) - $1) < 1e-5 } && pictures.count == answer.count)
      let spread = (pictures.max() ?? 0) - (pictures.min() ?? 0)
      #expect(spread > 0.1, "pictures with something in them: \(spread)")
    }
  }

  @Test(arguments: ["mlp", "plain extra layers", "without norms"]) func everyKindOfGenerator(kind: String) throws {
    var configuration = NetWeightsTests.small
    configuration.features = 6
    configuration.extraLayers = 1
    switch kind {
    case "mlp": configuration.generatorNet = .mlp
    case "without norms": configuration.generatorNorm = false
    default: configuration.generatorExtra = .convolution
    }
    try withCheckpoint(configuration) { folder, checkpoint in
      let model = try model(.generator, folder, checkpoint)
      let sampler = try Sampler(
        configuration, tensors: try Checkpoint(at: checkpoint).tensors, on: Device.fromEnvironment(threads: 1))
      let (noise, pictures) = sampler.values(.series(seed: 1, 0..<3))
      let answer = try model.run(ReferenceTensor(shape: [3, 3, 1, 1], values: noise.map { Double($0) }))
      #expect(model.output.shape == ["N", "3", "16", "16"] && answer.shape == [3, 3, 16, 16])
      #expect(zip(pictures, answer.values).allSatisfy { abs(Double($0) - $1) < 1e-5 } && pictures.count == answer.count)
      #expect((pictures.max() ?? 0) - (pictures.min() ?? 0) > 0.1)
      if kind == "mlp" {
        let layers = ["Gemm", "Relu", "Gemm", "Relu", "Gemm", "Relu", "Gemm"]
        #expect(model.nodes.map(\.type) == ["Flatten"] + layers + ["Reshape"])
      }
    }
  }

  @Test func theMLPCritic() throws {
    var configuration = NetWeightsTests.small
    configuration.criticNet = .mlp
    try withCheckpoint(configuration) { folder, checkpoint in
      let model = try model(.critic, folder, checkpoint)
      #expect(model.output.name == "scores" && model.output.shape == ["N", "1"])
      #expect(try model.run(ReferenceTensor(shape: [2, 3, 16, 16])).shape == [2, 1])
    }
  }

  @Test func theCriticToo() throws {
    try withCheckpoint(NetWeightsTests.small) { folder, checkpoint in
      let model = try model(.critic, folder, checkpoint)
      #expect(model.nodes.map(\.type) == ["Conv", "LeakyRelu", "Conv", "LeakyRelu", "BatchNormalization", "Conv"])
      #expect(model.input.name == "pictures" && model.input.shape == ["N", "3", "16", "16"])
      #expect(model.output.name == "scores" && model.output.shape == ["N", "1", "1", "1"])
      #expect(try model.run(ReferenceTensor(shape: [2, 3, 16, 16])).shape == [2, 1, 1, 1])
      for node in model.nodes where node.type == "LeakyRelu" { #expect(node.attributes["alpha"]?.float(2) == 0.2) }
    }
  }
}

/// A protocol buffer, taken apart: fields by number, whatever they mean.
struct Message {
  private var fields: [(number: Int, varint: UInt64, bytes: [UInt8])] = []

  init(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    func varint() throws -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while true {
        guard let byte = rest.popFirst() else { throw Failure(.badData, "a field cut off") }
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
    }
    while !rest.isEmpty {
      let key = try varint()
      switch key & 7 {
      case 0: fields.append((Int(key >> 3), try varint(), []))
      case 2, 5:
        let count = key & 7 == 5 ? 4 : Int(try varint())
        try #require(count <= rest.count)
        fields.append((Int(key >> 3), 0, Array(rest.prefix(count))))
        rest = rest.dropFirst(count)
      default: throw Failure(.badData, "wire type \(key & 7)")
      }
    }
  }

  func numbers(_ number: Int) -> [UInt64] { fields.filter { $0.number == number }.map(\.varint) }
  func number(_ number: Int) -> UInt64 { numbers(number).first ?? 0 }
  func bytes(_ number: Int) -> [UInt8] { fields.first { $0.number == number }?.bytes ?? [] }
  func texts(_ number: Int) -> [String] {
    fields.filter { $0.number == number }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }
  func text(_ number: Int) -> String { texts(number).first ?? "" }
  func float(_ number: Int) -> Float { ElementType.float32.values(bytes(number)).first ?? .nan }
  func messages(_ number: Int) throws -> [Message] {
    try fields.filter { $0.number == number }.map { try Message($0.bytes) }
  }
}
