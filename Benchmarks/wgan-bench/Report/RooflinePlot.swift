// The roofline: what arithmetic and memory allow at each intensity, and where each layer and pass is.

import Plots
import SystemSupport

package enum RooflinePlot {
  private static let width = 960.0
  private static let left = 78.0
  private static let right = 936.0
  private static let plotHeight = 400.0
  /// Between the markers of a layer's passes, and the least between two layers.
  private static let passStep = 12.0
  private static let layerStep = 46.0
  /// A file may hold any number; a logarithm wants one above 0, and a diagram one that machines can reach.
  private static let drawable = 1e-6...1e12

  /// One diagram for each instruction set and thread count. Nil: there's nothing that it could show.
  package static func svg(_ rows: [ConvolutionRow], _ peak: Peak) -> SVG? {
    let rows = rows.filter { drawable.contains($0.gflops) && drawable.contains($0.intensity) }
    guard !rows.isEmpty else { return nil }
    var svg = SVG(width: width, title: "Roofline: GFLOP/s over FLOP/byte, each convolution and pass")
    let passes = Pass.allCases.filter { pass in rows.contains { $0.pass == pass } }
    var entries = passes.map { pass in
      Legend.Entry(text: pass.rawValue, paint: SVG.Paint(fill: pass.color), marker: pass.marker)
    }
    if rows.contains(where: { $0.isDoubtful && $0.verified }) {
      entries.append(
        Legend.Entry(
          text: "hollow: disturbed or unsteady",
          paint: SVG.Paint(fill: "#ffffff", stroke: PlotColor.grey, strokeWidth: 2),
          marker: .circle))
    }
    if rows.contains(where: { !$0.verified }) {
      entries.append(
        Legend.Entry(text: "FAILED", paint: SVG.Paint(stroke: PlotColor.black, strokeWidth: 2.5), marker: .cross))
    }
    var y = Legend(entries: entries).draw(&svg, x: 16, y: 14, right: width - 16)
    // The same number for a layer in all diagrams.
    let layers = grouped(rows, by: \.shape).map { (shape: $0.key, layer: $0.members[0].layer) }
    let numbers = Dictionary(layers.enumerated().map { ($1.shape, $0 + 1) }) { first, _ in first }
    for (setting, members) in grouped(rows, by: { Setting($0) }) {
      draw(&svg, setting, members, peak, numbers, y: y)
      y += plotHeight + 88
    }
    for (index, entry) in layers.enumerated() {
      let text = [LayerLabel.short(entry.layer), LayerLabel.ofShape(entry.shape)].filter { !$0.isEmpty }
        .joined(separator: ": ")
      svg.text("\(index + 1)", 30, y, anchor: .end, isBold: true)
      svg.text(SVG.shortened(text, to: width - 60, size: 12), 38, y)
      y += 18
    }
    let notes = [
      LayerLabel.explanation,
      "A layer's passes have the same intensity, some layers nearly so: they are set side by side, and a line leads "
        + "to it.",
    ]
    for note in notes {
      y += 6
      svg.text(note, 16, y, size: 11, fill: PlotColor.quiet)
      y += 10
    }
    svg.height = y + 6
    return svg
  }

  private static func draw(
    _ svg: inout SVG, _ setting: Setting, _ rows: [ConvolutionRow], _ peak: Peak, _ numbers: [String: Int],
    y top: Double
  ) {
    let limit = peak.gflops(isa: setting.isa, threads: setting.threads, precision: setting.precision)
      .flatMap { drawable.contains($0) ? $0 : nil }
    let levels = peak.bandwidth.filter { $0.threads == setting.threads && drawable.contains($0.read) }
    let intensities = rows.map(\.intensity)
    let ridges = limit.map { limit in levels.map { limit / $0.read } } ?? []
    let speeds = rows.map(\.gflops) + (limit.map { [$0] } ?? [])
    guard let least = intensities.min(), let most = intensities.max(), let slowest = speeds.min(),
      let fastest = speeds.max()
    else { return }
    let xs = Axis(
      min(least, ridges.min() ?? least) / 3.5, max(most, ridges.max() ?? most) * 2, from: left, to: right,
      isLogarithmic: true)
    let (plotTop, plotBottom) = (top + 30, top + 30 + plotHeight)
    let ys = Axis(slowest / 2.5, fastest * 1.6, from: plotBottom, to: plotTop, isLogarithmic: true)

    svg.text(setting.text, 16, top + 14, size: 14, isBold: true)
    for tick in xs.ticks {
      let x = xs.position(tick)
      svg.line(x, plotTop, x, plotBottom, SVG.Paint(stroke: PlotColor.grid))
      svg.text(Axis.label(tick), x, plotBottom + 15, size: 11, anchor: .middle, fill: PlotColor.quiet)
    }
    for tick in ys.ticks {
      let y = ys.position(tick)
      svg.line(left, y, right, y, SVG.Paint(stroke: PlotColor.grid))
      svg.text(Axis.label(tick), left - 6, y + 4, size: 11, anchor: .end, fill: PlotColor.quiet)
    }
    svg.box(
      SVG.Box(x: left, y: plotTop, width: right - left, height: plotHeight), SVG.Paint(stroke: PlotColor.axis))
    svg.text(
      "FLOP/byte of source, weights and destination, once each", (left + right) / 2, plotBottom + 33, anchor: .middle)
    svg.text("GFLOP/s", 26, (plotTop + plotBottom) / 2, anchor: .middle, degrees: -90)
    if let limit { drawRoofs(&svg, setting, limit, levels, xs, ys) }
    drawRows(&svg, rows, numbers, xs, ys)
  }

  /// The peak, level, and below it what each level of memory feeds, rising.
  private static func drawRoofs(
    _ svg: inout SVG, _ setting: Setting, _ limit: Double, _ levels: [Peak.Bandwidth], _ xs: Axis, _ ys: Axis
  ) {
    let paint = SVG.Paint(stroke: PlotColor.black, strokeWidth: 1.5)
    let peakY = ys.position(limit)
    let ridge = levels.map { limit / $0.read }.min() ?? xs.low
    svg.line(xs.position(ridge), peakY, xs.to, peakY, paint)
    // On the left of what lies high: the fast methods' marks are above the peak of the direct one.
    let lastRidge = levels.map { limit / $0.read }.max() ?? xs.low
    svg.text(
      String(printf: "measured peak: %.0f GFLOP/s", limit), min(xs.position(lastRidge) + 8, xs.to - 170), peakY - 9,
      size: 11, halo: true)

    let decadeX = (xs.to - xs.from) / log10(xs.high / xs.low)
    let decadeY = (ys.from - ys.to) / log10(ys.high / ys.low)
    let angle = atan2(decadeY, decadeX)
    var last: (offset: Double, end: Double)?
    for level in levels.sorted(by: { $0.read > $1.read }) {
      // From the left or the lower edge to the peak.
      let start = max(xs.low, ys.low / level.read)
      let end = limit / level.read
      guard start < end else { continue }
      let (x, y) = (xs.position(start), ys.position(start * level.read))
      svg.line(x, y, xs.position(end), peakY, paint)
      // Above its line, and further up where the line before is too near to write between.
      let text = level.level + String(printf: " %.0f GB/s", level.read)
      let length = SVG.length(of: text, size: 11)
      let offset = log10(level.read) * decadeY * cos(angle)
      var along = 14.0
      if let last, last.offset - offset < 17 { along = last.end + 12 }
      svg.text(
        text, x + along * cos(angle) - 5 * sin(angle), y - along * sin(angle) - 5 * cos(angle), size: 11,
        degrees: -angle * 180 / .pi, halo: true)
      last = (offset, along + length)
    }
  }

  /// Each layer's passes side by side, its number below them.
  private static func drawRows(
    _ svg: inout SVG, _ rows: [ConvolutionRow], _ numbers: [String: Int], _ xs: Axis, _ ys: Axis
  ) {
    let layers = grouped(rows, by: \.shape).sorted { $0.members[0].intensity < $1.members[0].intensity }
    let widest = layers.map { Double($0.members.count - 1) * passStep }.max() ?? 0
    let places = spread(
      layers.map { xs.position($0.members[0].intensity) }, apart: max(layerStep, widest + 14),
      within: (xs.from + widest / 2 + 10)...(xs.to - widest / 2 - 10))
    for ((shape, members), place) in zip(layers, places) {
      let lowest = members.map { ys.position($0.gflops) }.max() ?? ys.from
      let foot = min(lowest + 22, ys.from - 8)
      let guide = SVG.Paint(stroke: PlotColor.grey, strokeWidth: 0.8, dash: "2 2")
      svg.line(place, min(foot + 4, ys.from), place, ys.from - 12, guide)
      svg.line(place, ys.from - 12, xs.position(members[0].intensity), ys.from, guide)
      svg.text(
        numbers[shape].map { "\($0)" } ?? "", place, foot, size: 12, anchor: .middle, isBold: true, halo: true,
        tip: [members[0].layer, shape].filter { !$0.isEmpty }.joined(separator: ", "))
      for (index, row) in members.enumerated() {
        let x = place + (Double(index) - Double(members.count - 1) / 2) * passStep
        var paint = SVG.Paint(fill: row.pass.color, stroke: "#ffffff", strokeWidth: 0.8)
        if row.isDoubtful { paint = SVG.Paint(fill: "#ffffff", stroke: row.pass.color, strokeWidth: 2) }
        let tip =
          "\(row.layer) \(row.key): "
          + String(printf: "%.1f GFLOP/s, %.1f %% of peak", row.gflops, row.percentOfPeak)
        svg.marker(row.pass.marker, x, ys.position(row.gflops), size: 10, paint, tip: tip)
        if !row.verified {
          svg.marker(.cross, x, ys.position(row.gflops), size: 12, SVG.Paint(stroke: PlotColor.black, strokeWidth: 2.5))
        }
      }
    }
  }

  /// Places as near to the wished ones as being `apart` allows; nearer to each other where there are too many.
  ///
  /// - Parameter wished: ascending.
  package static func spread(_ wished: [Double], apart: Double, within range: ClosedRange<Double>) -> [Double] {
    guard wished.count > 1 else { return wished.map { min(max($0, range.lowerBound), range.upperBound) } }
    let gap = min(apart, (range.upperBound - range.lowerBound) / Double(wished.count - 1))
    // Runs of places that touch, each around the mean of what its members wish.
    var runs: [(sum: Double, count: Int)] = []
    func start(_ run: (sum: Double, count: Int)) -> Double {
      let width = Double(run.count - 1) * gap
      return min(max(run.sum / Double(run.count) - width / 2, range.lowerBound), range.upperBound - width)
    }
    for wish in wished {
      runs.append((wish, 1))
      while runs.count > 1 {
        let (a, b) = (runs[runs.count - 2], runs[runs.count - 1])
        guard start(a) + Double(a.count) * gap > start(b) + 1e-9 else { break }
        runs.removeLast(2)
        runs.append((a.sum + b.sum, a.count + b.count))
      }
    }
    return runs.flatMap { run in (0..<run.count).map { start(run) + Double($0) * gap } }
  }
}
