// A small writer of SVG: lines, boxes, markers and text on a white ground, as a browser and a report's reader expect
// them.

import SystemSupport

package struct SVG {
  /// Pixels. The height may be set when everything is drawn.
  package let width: Double
  package var height: Double
  private let title: String
  private var elements: [String] = []
  /// Where each horizontal or upright text lies: an estimate on the large side, for whoever places labels.
  package private(set) var labels: [(text: String, box: Box)] = []

  /// - Parameter title: what the picture shows, for those who can't see it.
  package init(width: Double, height: Double = 0, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  package struct Box: Equatable, Sendable {
    package var x: Double
    package var y: Double
    package var width: Double
    package var height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    package func overlaps(_ other: Box) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
  }

  package struct Paint: Sendable {
    package var fill: String?
    package var fillOpacity: Double
    package var stroke: String?
    package var strokeWidth: Double
    package var dash: String?

    package init(
      fill: String? = nil, fillOpacity: Double = 1, stroke: String? = nil, strokeWidth: Double = 1, dash: String? = nil
    ) {
      self.fill = fill
      self.fillOpacity = fillOpacity
      self.stroke = stroke
      self.strokeWidth = strokeWidth
      self.dash = dash
    }
  }

  package enum Anchor: String {
    case start
    case middle
    case end
  }

  package enum Marker: Sendable {
    case circle
    case square
    case triangle
    case triangleDown
    case cross
  }

  /// The document. The ground is a white rectangle, so that dark pages don't swallow dark text.
  package var text: String {
    let (w, h) = (Self.number(width), Self.number(height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(w)" height="\(h)" viewBox="0 0 \(w) \(h)" role="img" \
      font-family="Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif">
      <title>\(Self.escaped(title))</title>
      <rect width="100%" height="100%" fill="#ffffff"/>
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }
}

// MARK: - Drawing

extension SVG {
  /// - Parameter tip: what a browser shows while the pointer rests on it.
  package mutating func box(_ box: Box, _ paint: Paint, tip: String? = nil) {
    let place = attributes([("x", box.x), ("y", box.y), ("width", max(0, box.width)), ("height", max(0, box.height))])
    add("rect", place + attributes(paint), tip)
  }

  package mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ paint: Paint) {
    add("line", attributes([("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]) + attributes(paint), nil)
  }

  /// Lines from point to point.
  package mutating func polyline(_ points: [(x: Double, y: Double)], _ paint: Paint) {
    let places = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    add("polyline", " points=\"\(places)\" stroke-linejoin=\"round\"" + attributes(paint), nil)
  }

  /// A marker of about `size` pixels around a point.
  package mutating func marker(
    _ marker: Marker, _ x: Double, _ y: Double, size: Double, _ paint: Paint, tip: String? = nil
  ) {
    let r = size / 2
    func path(_ points: [(Double, Double)], closed: Bool) -> String {
      let steps = points.enumerated().map { index, point in
        let command = index == 0 || (!closed && index % 2 == 0) ? "M" : "L"
        return "\(command)\(Self.number(x + point.0)) \(Self.number(y + point.1))"
      }
      return steps.joined(separator: " ") + (closed ? " Z" : "")
    }
    switch marker {
    case .circle: add("circle", attributes([("cx", x), ("cy", y), ("r", r)]) + attributes(paint), tip)
    case .square: box(Box(x: x - 0.9 * r, y: y - 0.9 * r, width: 1.8 * r, height: 1.8 * r), paint, tip: tip)
    case .triangle:
      let d = path([(0, -1.15 * r), (1.1 * r, 0.85 * r), (-1.1 * r, 0.85 * r)], closed: true)
      add("path", " d=\"\(d)\"" + attributes(paint), tip)
    case .triangleDown:
      let d = path([(0, 1.15 * r), (1.1 * r, -0.85 * r), (-1.1 * r, -0.85 * r)], closed: true)
      add("path", " d=\"\(d)\"" + attributes(paint), tip)
    case .cross:
      let d = path([(-r, -r), (r, r), (-r, r), (r, -r)], closed: false)
      add("path", " d=\"\(d)\"" + attributes(paint), tip)
    }
  }

  /// - Parameters:
  ///   - y: the base line.
  ///   - degrees: turned so far clockwise around (x, y).
  ///   - halo: with a white edge, where lines run behind it.
  package mutating func text(
    _ text: String, _ x: Double, _ y: Double, size: Double = 12, anchor: Anchor = .start, isBold: Bool = false,
    fill: String = "#222222", degrees: Double = 0, halo: Bool = false, tip: String? = nil
  ) {
    let length = Self.length(of: text, size: size, isBold: isBold)
    let before = anchor == .start ? 0 : anchor == .middle ? length / 2 : length
    if degrees == 0 {
      labels.append((text, Box(x: x - before, y: y - 0.8 * size, width: length, height: size)))
    } else if degrees == -90 {
      labels.append((text, Box(x: x - 0.8 * size, y: y - length + before, width: size, height: length)))
    }
    var more = attributes([("x", x), ("y", y), ("font-size", size)])
    if anchor != .start { more += " text-anchor=\"\(anchor.rawValue)\"" }
    if isBold { more += " font-weight=\"bold\"" }
    if degrees != 0 {
      more += " transform=\"rotate(\(Self.number(degrees)) \(Self.number(x)) \(Self.number(y)))\""
    }
    // The edge is a text of its own: not every viewer knows paint-order.
    if halo {
      let edge = " fill=\"none\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" aria-hidden=\"true\""
      elements.append("<text\(more)\(edge)>\(Self.escaped(text))</text>")
    }
    let hover = tip.map { "<title>\(Self.escaped($0))</title>" } ?? ""
    elements.append("<text\(more) fill=\"\(Self.escaped(fill))\">\(hover)\(Self.escaped(text))</text>")
  }

  private mutating func add(_ element: String, _ attributes: String, _ tip: String?) {
    elements.append(
      tip.map { "<\(element)\(attributes)><title>\(Self.escaped($0))</title></\(element)>" }
        ?? "<\(element)\(attributes)/>")
  }

  private func attributes(_ values: [(String, Double)]) -> String {
    values.map { " \($0.0)=\"\(Self.number($0.1))\"" }.joined()
  }

  private func attributes(_ paint: Paint) -> String {
    var text = " fill=\"\(Self.escaped(paint.fill ?? "none"))\""
    if paint.fillOpacity != 1 { text += " fill-opacity=\"\(Self.number(paint.fillOpacity))\"" }
    if let stroke = paint.stroke {
      text += " stroke=\"\(Self.escaped(stroke))\" stroke-width=\"\(Self.number(paint.strokeWidth))\""
      if let dash = paint.dash { text += " stroke-dasharray=\"\(Self.escaped(dash))\"" }
    }
    return text
  }
}

// MARK: - Text and numbers

extension SVG {
  /// Safe between tags and in attributes. Characters that XML can't hold become U+FFFD.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&apos;"
      case "\t", "\n", "\r": result += " "
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Two decimals at most; 0 for what isn't a number.
  static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "0" }
    let text = String(printf: "%.2f", value)
    let short = text.contains(".") ? String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()) : text
    return short == "-0" ? "0" : short
  }

  /// About how long a text is, in pixels; fonts differ, this is one of the wider ones.
  package static func length(of text: String, size: Double, isBold: Bool = false) -> Double {
    Double(text.count) * size * (isBold ? 0.64 : 0.58)
  }

  /// The text, or its beginning and "…" where it would be longer than `length` pixels.
  package static func shortened(_ text: String, to length: Double, size: Double) -> String {
    let most = Int(max(1, min(1000, length / (size * 0.58))))
    return text.count <= most ? text : text.prefix(most - 1) + "…"
  }
}
