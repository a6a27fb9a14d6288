// What the plots have in common: colours that colour-blind people tell apart (Okabe and Ito's), and short names of layers.

import Foundation

enum PlotColor {
  static let text = "#222222"
  static let quiet = "#666666"
  static let grid = "#e3e3e3"
  static let axis = "#888888"
  static let bar = "#d55e00"
  static let blue = "#0072b2"
  static let orange = "#e69f00"
  static let green = "#009e73"
  static let pink = "#cc79a7"
  static let sky = "#56b4e9"
  static let yellow = "#f0e442"
  static let vermilion = "#d55e00"
  static let grey = "#999999"
  static let black = "#222222"
}

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
    layer.replacingOccurrences(of: "critic.", with: "C ").replacingOccurrences(of: "generator.", with: "G ")
      .replacingOccurrences(of: ".conv", with: "")
  }

  /// "mb64ic64ih32oc128oh16kh4sh2ph1" -> "64→128, 4×4/2, 32²→16², mb64"; a shape that can't be read stays what it is.
  package static func ofShape(_ text: String) -> String {
    guard let shape = try? ConvolutionShape(parsing: text, batch: 1) else { return text }
    let c = shape.convolution
    let stride = c.stride == 1 ? "" : "/\(c.stride)"
    return "\(c.inputChannels)→\(c.outputChannels), \(c.kernel)×\(c.kernel)\(stride), "
      + "\(c.inputSize)²→\(c.outputSize)², mb\(shape.batch)"
  }
}

/// A square of colour, or a marker, and what it stands for.
struct Legend {
  struct Entry {
    var text: String
    var paint: SVG.Paint
    /// Nil: a square of colour.
    var marker: SVG.Marker?
  }

  var entries: [Entry]

  /// Draws from left to right, in as many lines as it takes. Returns where the next thing may begin.
  func draw(_ svg: inout SVG, x left: Double, y top: Double, right: Double) -> Double {
    var x = left
    var y = top
    for entry in entries {
      let length = 16 + SVG.length(of: entry.text, size: 12)
      if x > left && x + length > right { (x, y) = (left, y + 18) }
      if let marker = entry.marker {
        svg.marker(marker, x + 6, y + 6, size: 10, entry.paint)
      } else {
        svg.box(SVG.Box(x: x, y: y, width: 12, height: 12), entry.paint)
      }
      svg.text(entry.text, x + 17, y + 10.5)
      x += length + 16
    }
    return y + 24
  }
}
