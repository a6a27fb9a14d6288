// One net of a checkpoint, as a file for other programs.

import TensorFiles
import SystemSupport
import Configuration
import Graph
import Training

package enum WeightsFormat: String, Sendable, CaseIterable {
  /// For PyTorch: the tensors of the net's state_dict.
  case safetensors
  /// For onnxruntime and its like: the net itself.
  case onnx
}

package enum WeightsExport {
  /// Writes `path`, whole or not at all.
  /// - Parameter live: the generator as it trains, where there is an averaged one too.
  /// - Throws: `Failure`, `NetworkError`.
  package static func write(
    _ role: NetRole, of source: CheckpointSource, live: Bool = false, as format: WeightsFormat, to path: String,
    notice: (String) -> Void
  ) throws {
    let checkpoint = try source.open(role, live: live, notice: notice)
    try write(
      role, checkpoint.tensors(of: role, live: live), checkpoint.provenance, live: live, as: format, to: path,
      notice: notice)
  }

  /// - Parameter tensors: the net's, under its own names.
  static func write(
    _ role: NetRole, _ tensors: TensorSet, _ provenance: Provenance, live: Bool, as format: WeightsFormat,
    to path: String, notice: (String) -> Void
  ) throws {
    let configuration = provenance.configuration
    let network = configuration.network(role)
    let isAveraged = configuration.group(of: role, live: live) == NetRole.averagedGeneratorGroup
    // "pt": the layouts are PyTorch's. Some of its tools ask for it.
    var metadata = try provenance.metadata.merging(["format": "pt", "net": role.rawValue]) { $1 }
    if isAveraged { metadata["averaged"] = "true" }
    switch format {
    case .safetensors:
      let batches = provenance.batches(seenBy: role)
      let counts = network.layers.compactMap { layer in
        if case .batchNorm(let name) = layer { ("\(name).\(TensorNames.batchCount)", batches) } else { nil }
      }
      try Safetensors.write(tensors, counts: counts, metadata: metadata, to: path)
    case .onnx:
      if configuration.samplingStatistics == .batch {
        notice("the run samples with the norms' batch statistics; an ONNX model always uses the running ones")
      }
      let model = try ONNXModel.encode(network, tensors: tensors, metadata: metadata, path: path)
      try writeFile(model, to: path)
    }
  }
}

extension Provenance {
  /// Training batches that moved a net's running statistics: a critic step shows the generator's norms one batch, and
  /// the critic's two (real and fake pictures); a generator step one to each.
  fileprivate func batches(seenBy role: NetRole) -> Int64 {
    Int64(role == .critic ? 2 * criticSteps + generatorSteps : criticSteps + generatorSteps)
  }
}
