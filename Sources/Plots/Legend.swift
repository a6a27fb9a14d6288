// What the colours and markers of a plot stand for.

/// A square of colour, or a marker, and what it stands for.
package struct Legend {
  package struct Entry {
    var text: String
    var paint: SVG.Paint
    /// Nil: a square of colour.
    var marker: SVG.Marker?

    package init(text: String, paint: SVG.Paint, marker: SVG.Marker? = nil) {
      self.text = text
      self.paint = paint
      self.marker = marker
    }
  }

  private let entries: [Entry]

  package init(entries: [Entry]) { self.entries = entries }

  /// Draws from left to right, in as many lines as it takes. Returns where the next thing may begin.
  package func draw(_ svg: inout SVG, x left: Double, y top: Double, right: Double) -> Double {
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
