// What the bench's plots have in common: marks of passes, and short names of layers.

import Plots

extension Pass {
  var color: String {
    switch self {
    case .forward: return PlotColor.blue
    case .backwardData: return PlotColor.orange
    case .backwardWeights: return PlotColor.green
    }
  }

  var marker: SVG.Marker {
    switch self {
    case .forward: return .circle
    case .backwardData: return .square
    case .backwardWeights: return .triangle
    }
  }
}

/// How a layer is called where there's little room.
package enum LayerLabel {
  /// What the labels mean.
  static let explanation =
    "C critic, G generator, ^T transposed; input→output channels, kernel/stride, plane sizes, batch (mb)."

  /// "critic.pyramid.0.conv + generator.pyramid.2.conv^T" -> "C pyramid.0 + G pyramid.2^T".
  package static func short(_ layer: String) -> String {
    layer.replacing("critic.", with: "C ").replacing("generator.", with: "G ")
      .replacing(".conv", with: "")
  }

  /// "mb64ic64ih32oc128oh16kh4sh2ph1" -> "64→128, 4×4/2, 32²→16², mb64"; a shape that can't be read stays as it is.
  package static func ofShape(_ text: String) -> String {
    guard let shape = try? ConvolutionShape(parsing: text, batch: 1) else { return text }
    let c = shape.convolution
    let stride = c.stride == 1 ? "" : "/\(c.stride)"
    return "\(c.inputChannels)→\(c.outputChannels), \(c.kernel)×\(c.kernel)\(stride), "
      + "\(c.inputSize)²→\(c.outputSize)², mb\(shape.batch)"
  }
}
