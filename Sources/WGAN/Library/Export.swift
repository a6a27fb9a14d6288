// A net of a GAN as a file for other programs: what `wgan export` writes.

import Configuration
import Training

extension WassersteinGAN {
  /// The two nets.
  public enum Net: Sendable, Equatable {
    /// Draws pictures.
    case generator
    /// Tells real pictures from drawn ones.
    case critic

    fileprivate var role: NetRole { self == .generator ? .generator : .critic }
  }

  /// Files that other programs read.
  ///
  /// Later versions may have more: give a `switch` over them a `default`.
  public enum ExportFormat: Sendable, Equatable {
    /// For PyTorch: the tensors of the net's state_dict.
    case safetensors
    /// For onnxruntime and its like: the net itself.
    case onnx

    fileprivate var weights: WeightsFormat { self == .onnx ? .onnx : .safetensors }
  }

  /// Writes a net as `wgan export` does. docs/Weights.md describes the files. (An ONNX model always uses the norms'
  /// running statistics.)
  ///
  /// - Parameters:
  ///   - net: Which one.
  ///   - format: Of the file.
  ///   - live: The generator as it trains, where there is an averaged one too (``TrainingParameters/ema``).
  ///   - path: The file's. What was there before is replaced once the new file is whole and on disk.
  /// - Throws: ``WGANError`` of kind `cannotCreateFile` or `inputOutput`, or `diverged` after training that was.
  public func export(_ net: Net, as format: ExportFormat, live: Bool = false, to path: String) throws(WGANError) {
    let tensors = try tensors(of: net.role, live: live)
    try withPublicErrors {
      try WeightsExport.write(
        net.role, tensors, provenance, live: live, as: format.weights, to: path, notice: { _ in })
    }
  }
}
