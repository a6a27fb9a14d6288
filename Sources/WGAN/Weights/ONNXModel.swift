// A net as an ONNX model (github.com/onnx/onnx, onnx.proto): a node a layer, a norm with its running statistics. The
// weights have PyTorch's names and layouts, which are ONNX's too. The first dimension, the number of pictures, is left
// open.
//
//     generator   z [N, latent, 1, 1] -> pictures [N, channels, size, size], in [-1, 1]
//     critic      pictures [N, channels, size, size] -> scores [N, 1, 1, 1], an mlp's [N, 1]

import TensorFiles
import SystemSupport
import Graph

enum ONNXModel {
  /// Of ONNX 1.13 (2022): what the operators below mean hasn't changed since, and every current tool reads it.
  static let operatorSet = 18
  static let irVersion = 8

  /// PyTorch's and ours; ONNX has the same default, stated for readers.
  private static let normEpsilon: Float = 1e-5
  /// Protocol buffers end at 2 GiB.
  private static let sizeLimit = 1 << 31 - 1

  /// The file's bytes.
  /// - Parameters:
  ///   - tensors: parameters and running statistics by their names without the net's: "initial.conv.weight".
  ///   - path: for errors.
  /// - Throws: `Failure`.
  static func encode(
    _ network: Network, tensors: TensorSet, metadata: [String: String], path: String
  ) throws(Failure) -> [UInt8] {
    guard tensors.reduce(0, { $0 + 4 * $1.values.count }) < sizeLimit - 1 << 20 else {
      throw Failure(.cannotCreate, "\(path): an ONNX file holds 2 GiB at most: give --format safetensors")
    }
    var graph = Graph(tensors: tensors)
    for layer in network.layers {
      if let missing = graph.add(layer) { throw Failure(.badData, "\(path): tensor \(missing) is missing") }
    }
    var model = ProtobufMessage()
    model.add(1, irVersion)
    model.add(2, "wgan")
    model.add(3, wganVersion)
    model.add(7, graph.message(network))
    var operators = ProtobufMessage()
    operators.add(1, "")
    operators.add(2, operatorSet)
    model.add(8, operators)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      var entry = ProtobufMessage()
      entry.add(1, key)
      entry.add(2, value)
      model.add(14, entry)
    }
    return model.bytes
  }

  /// The graph as it grows. Field numbers are onnx.proto's.
  private struct Graph {
    let tensors: TensorSet
    private var nodes: [(type: String, inputs: [String], attributes: [ProtobufMessage])] = []
    private var initializers: [ProtobufMessage] = []
    /// Whether the last node's result is [N, count].
    private var isFlat = false

    init(tensors: TensorSet) { self.tensors = tensors }

    /// Appends the layer's node and its weights. Returns the name of a tensor that isn't there.
    mutating func add(_ layer: Layer) -> String? {
      switch layer {
      case .convolution(let name, _, let kernel, let stride, let padding):
        return addNode(
          "Conv", weights: [name + ".weight"], windowAttributes(kernel: kernel, stride: stride, padding: padding))
      case .transposedConvolution(let name, _, let kernel, let stride, let padding):
        return addNode(
          "ConvTranspose", weights: [name + ".weight"],
          windowAttributes(kernel: kernel, stride: stride, padding: padding))
      case .linear(let name, _):
        if !isFlat { _ = addNode("Flatten", [attribute("axis", 1)]) }
        isFlat = true
        return addNode("Gemm", weights: [name + ".weight", name + ".bias"], [attribute("transB", 1)])
      case .view(let channels, let size):
        isFlat = false
        // 0: as many as there are.
        return addNode("Reshape", shape: ("view.shape", [0, channels, size, size]))
      case .activation(let slope):
        return slope == 0 ? addNode("Relu") : addNode("LeakyRelu", [attribute("alpha", slope)])
      case .batchNorm(let name):
        return addNode(
          "BatchNormalization", weights: ["weight", "bias", "running_mean", "running_var"].map { "\(name).\($0)" },
          [attribute("epsilon", normEpsilon)])
      case .tanh:
        return addNode("Tanh")
      }
    }

    /// A node whose second input is a shape.
    private mutating func addNode(_ type: String, shape: (name: String, extents: [Int])) -> String? {
      var message = ProtobufMessage()
      message.add(1, shape.extents.count)
      message.add(2, 7)  // INT64
      message.add(8, shape.name)
      message.add(9, shape.extents.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) })
      initializers.append(message)
      nodes.append((type, [shape.name], []))
      return nil
    }

    private mutating func addNode(_ type: String, weights: [String] = [], _ attributes: [ProtobufMessage] = [])
      -> String?
    {
      for name in weights {
        guard let tensor = tensors[name] else { return name }
        var message = ProtobufMessage()
        for extent in tensor.shape { message.add(1, extent) }
        message.add(2, 1)  // FLOAT
        message.add(8, name)
        message.add(9, raw: tensor.values)
        initializers.append(message)
      }
      nodes.append((type, weights, attributes))
      return nil
    }

    /// Each node reads the one before it; the first the graph's input, and the last writes its output.
    func message(_ network: Network) -> ProtobufMessage {
      let ends = ends(of: network)
      var graph = ProtobufMessage()
      for (i, node) in nodes.enumerated() {
        var message = ProtobufMessage()
        message.add(1, i == 0 ? ends.input.name : "value.\(i - 1)")
        for name in node.inputs { message.add(1, name) }
        message.add(2, i == nodes.count - 1 ? ends.output.name : "value.\(i)")
        message.add(3, "\(i).\(node.type)")
        message.add(4, node.type)
        for attribute in node.attributes { message.add(5, attribute) }
        graph.add(1, message)
      }
      graph.add(2, network.name)
      for initializer in initializers { graph.add(5, initializer) }
      graph.add(11, Self.value(ends.input))
      graph.add(12, Self.value(ends.output))
      return graph
    }

    private typealias Value = (name: String, shape: [Int])

    /// As the net declares them; a linear layer's score is [N, 1].
    private func ends(of network: Network) -> (input: Value, output: Value) {
      let input: Value =
        switch network.input {
        case .pictures(let channels, let size): ("pictures", [channels, size, size])
        case .vectors(let count): ("z", [count, 1, 1])
        }
      let output: Value =
        switch network.output {
        case .pictures(let channels, let size): ("pictures", [channels, size, size])
        case .scores: ("scores", isFlat ? [1] : [1, 1, 1])
        }
      return (input, output)
    }

    /// A float tensor of `shape` for each of N pictures.
    private static func value(_ value: Value) -> ProtobufMessage {
      var shape = ProtobufMessage()
      var batch = ProtobufMessage()
      batch.add(2, "N")
      shape.add(1, batch)
      for extent in value.shape {
        var dimension = ProtobufMessage()
        dimension.add(1, extent)
        shape.add(1, dimension)
      }
      var tensor = ProtobufMessage()
      tensor.add(1, 1)  // FLOAT
      tensor.add(2, shape)
      var type = ProtobufMessage()
      type.add(1, tensor)
      var message = ProtobufMessage()
      message.add(1, value.name)
      message.add(2, type)
      return message
    }

    private func windowAttributes(kernel: Int, stride: Int, padding: Int) -> [ProtobufMessage] {
      [
        attribute("kernel_shape", [kernel, kernel]), attribute("strides", [stride, stride]),
        attribute("pads", [padding, padding, padding, padding]),
      ]
    }

    private func attribute(_ name: String, _ value: Float) -> ProtobufMessage {
      var message = ProtobufMessage()
      message.add(1, name)
      message.add(2, value)
      message.add(20, 1)  // FLOAT
      return message
    }

    private func attribute(_ name: String, _ value: Int) -> ProtobufMessage {
      var message = ProtobufMessage()
      message.add(1, name)
      message.add(3, value)
      message.add(20, 2)  // INT
      return message
    }

    private func attribute(_ name: String, _ values: [Int]) -> ProtobufMessage {
      var message = ProtobufMessage()
      message.add(1, name)
      for value in values { message.add(8, value) }
      message.add(20, 7)  // INTS
      return message
    }
  }
}
