// The ground of a plot over generator steps: grid, ticks and the lines' places.

import Plots

/// Two axes and what is drawn between them.
struct StepPanel {
  let steps: Axis
  let values: Axis

  /// - Parameter lastStep: where the axis ends.
  init(lastStep: Int, values: Axis, left: Double, right: Double) {
    steps = Axis(0, Double(max(lastStep, 1)), from: left, to: right)
    self.values = values
  }

  func drawGrid(_ svg: inout SVG) {
    let (left, right, bottom, top) = (steps.from, steps.to, values.from, values.to)
    for tick in steps.ticks where tick == tick.rounded() {
      let x = steps.position(tick)
      svg.line(x, top, x, bottom, SVG.Paint(stroke: PlotColor.grid))
      svg.text(
        Int(exactly: tick).map(String.init) ?? Axis.label(tick), x, bottom + 16, size: 11, anchor: .middle,
        fill: PlotColor.quiet)
    }
    for tick in values.ticks {
      let y = values.position(tick)
      svg.line(left, y, right, y, SVG.Paint(stroke: tick == 0 ? PlotColor.axis : PlotColor.grid))
      svg.text(Axis.label(tick), left - 7, y + 4, size: 11, anchor: .end, fill: PlotColor.quiet)
    }
    svg.text("generator steps", (left + right) / 2, bottom + 36, anchor: .middle)
    if values.isLogarithmic { svg.text("logarithmic", left, bottom + 36, size: 11, fill: PlotColor.quiet) }
  }

  /// - Parameter dots: the points, too, where there are few: a line of them wouldn't show which they are.
  func draw(_ points: [LossCurves.Point], _ svg: inout SVG, color: String, width: Double, dots: Bool = false) {
    let places = points.map { (x: steps.position(Double($0.step)), y: values.position(Double($0.value))) }
    svg.polyline(Self.thinned(places), SVG.Paint(stroke: color, strokeWidth: width))
    if !dots || points.count > 60 { return }
    for place in places { svg.marker(.circle, place.x, place.y, size: 4, SVG.Paint(fill: color)) }
  }

  /// Marks the steps of these values that the axis doesn't reach, at its end. No axis cuts data silently.
  ///
  /// - Returns: how many there are.
  func markBeyond(_ points: [LossCurves.Point], _ svg: inout SVG) -> Int {
    let beyond = points.filter { !$0.value.isNaN && !(values.low...values.high ~= Double($0.value)) }
    var lastPlaces: [Double: Double] = [:]
    for point in beyond {
      let (x, y) = (steps.position(Double(point.step)), values.position(Double(point.value)))
      // Where there are many one stands for its neighbours.
      if let last = lastPlaces[y], x - last < 8 { continue }
      lastPlaces[y] = x
      svg.marker(y < (values.from + values.to) / 2 ? .triangle : .triangleDown, x, y, size: 7, Self.beyondPaint)
    }
    return beyond.count
  }

  static let beyondPaint = SVG.Paint(fill: PlotColor.black)

  /// From 0 to above the greatest value.
  static func axisFromZero(_ values: [Double], bottom: Double, top: Double) -> Axis {
    let high = values.max() ?? 0
    let step = Axis.roundStep(high / 5)
    return Axis(0, max(1, (high / step).rounded(.up)) * step, from: bottom, to: top)
  }

  /// Of the points that fall into one pixel's column the first, the lowest, the highest and the last: it looks as with
  /// all of them, however long the run.
  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    var result: [(x: Double, y: Double)] = []
    var start = 0
    while start < points.count {
      var end = start
      var (lowest, highest) = (start, start)
      while end < points.count, points[end].x.rounded() == points[start].x.rounded() {
        if points[end].y < points[lowest].y { lowest = end }
        if points[end].y > points[highest].y { highest = end }
        end += 1
      }
      for i in Set([start, lowest, highest, end - 1]).sorted() { result.append(points[i]) }
      start = end
    }
    return result
  }
}
