// Bars from 1: how many times as fast as PyTorch.

import Plots
import SystemSupport

package enum PeersPlot {
  /// Nil: there are no ratios.
  package static func svg(_ peers: Peers) -> SVG? {
    let charts = charts(of: peers)
    let bars = charts.flatMap(\.groups).flatMap(\.bars)
    let values = bars.flatMap { [$0.value, $0.range?.lowerBound ?? $0.value, $0.range?.upperBound ?? $0.value] }
      .filter { $0 > 0 }
    guard let least = values.min(), let greatest = values.max() else { return nil }
    // Powers of two around all of it and around 1; room for the figures to the left of short bars.
    let low = least < 1 ? exp2(log2(max(least, 1e-3)).rounded(.down)) / 2 : 0.5
    let high = max(2, exp2(log2(min(greatest, 1e4)).rounded(.up)))

    var svg = SVG(width: BarChart.width, title: "Speed of wgan over PyTorch's")
    let passes = Set(peers.convolutions?.map(\.pass) ?? [])
    var entries = Pass.allCases.filter { passes.contains($0.rawValue) }
      .map { Legend.Entry(text: $0.rawValue, paint: SVG.Paint(fill: $0.color)) }
    if peers.steps?.isEmpty == false || peers.frameworks?.steps.isEmpty == false {
      entries += stepColors.map { Legend.Entry(text: "\($0.step) step", paint: SVG.Paint(fill: $0.color)) }
    }
    if bars.contains(where: \.isDoubtful) {
      entries.append(
        Legend.Entry(
          text: "shaky", paint: SVG.Paint(fill: PlotColor.grey, fillOpacity: 0.3, stroke: PlotColor.grey, dash: "3 2")))
    }
    var y = Legend(entries: entries).draw(&svg, x: 16, y: 14, right: BarChart.width - 16)
    for var chart in charts {
      (chart.low, chart.high) = (low, high)
      y = chart.draw(&svg, y: y)
    }
    svg.text("Whiskers: the least and the greatest ratio of all rounds.", 16, y, size: 11, fill: PlotColor.quiet)
    svg.height = y + 16
    return svg
  }

  private static let stepColors = [
    (step: "critic", color: PlotColor.pink), (step: "generator", color: PlotColor.sky),
  ]

  private static func charts(of peers: Peers) -> [BarChart] {
    func chart(_ title: String, peer: String = "PyTorch", _ groups: [BarChart.Group]) -> [BarChart] {
      guard !groups.isEmpty else { return [] }
      return [
        BarChart(
          title: title, axisTitle: "times as good as \(peer) (right of 1: wgan is better)", low: 0.5, high: 2,
          isLogarithmic: true, base: 1, tickLabel: Axis.label, marks: [BarChart.Mark(value: 1, text: "as \(peer)")],
          groups: groups)
      ]
    }
    func bar(
      _ ratio: Double, _ least: Double?, _ most: Double?, _ color: String, isShaky: Bool?, tip: String
    ) -> BarChart.Bar {
      var range: ClosedRange<Double>?
      if let least, let most, 0 < least, least <= most { range = least...most }
      return BarChart.Bar(
        value: ratio, range: range, text: String(printf: "%.2f", ratio) + (isShaky == true ? " shaky" : ""),
        color: color, isDoubtful: isShaky == true, tip: tip)
    }
    var charts: [BarChart] = []
    for (setting, rows) in grouped(peers.convolutions ?? [], by: { "\($0.isa), \($0.threads) threads" }) {
      charts += chart(
        "Convolutions, \(setting)",
        grouped(rows, by: \.shape).map { shape, rows in
          let (layer, label) = (LayerLabel.short(rows[0].layer), LayerLabel.ofShape(shape))
          return BarChart.Group(
            title: layer.isEmpty ? label : layer, subtitle: layer.isEmpty ? "" : label,
            bars: rows.map {
              bar(
                $0.ratio, $0.ratio_min, $0.ratio_max, Pass(rawValue: $0.pass)?.color ?? PlotColor.grey,
                isShaky: $0.shaky,
                tip: "\($0.layer) \($0.shape) \($0.pass): "
                  + String(printf: "%.3f ms, PyTorch %.3f ms", $0.ours_ms, $0.theirs_ms))
            })
        })
    }
    charts += chart(
      "Training steps, to PyTorch's best fp32 configuration",
      grouped(peers.steps ?? [], by: { "size \($0.size), features \($0.features), batch \($0.batch)" }).map {
        name, rows in
        BarChart.Group(
          title: name, subtitle: "",
          bars: rows.map { row in
            bar(
              row.ratio, row.ratio_min, row.ratio_max,
              stepColors.first { $0.step == row.step }?.color ?? PlotColor.grey, isShaky: row.shaky,
              tip: "\(row.step) step: " + String(printf: "%.2f ms", row.ours_ms))
          })
      })
    charts += chart(
      "Training steps, to other frameworks in fp32", peer: "they",
      grouped(peers.frameworks?.steps ?? [], by: \.framework).map { name, rows in
        BarChart.Group(
          title: "\(name) \(rows[0].version ?? "")",
          subtitle: "size \(rows[0].size), features \(rows[0].features), batch \(rows[0].batch)",
          bars: rows.map { row in
            bar(
              row.ratio, row.ratio_min, row.ratio_max,
              stepColors.first { $0.step == row.step }?.color ?? PlotColor.grey, isShaky: row.shaky,
              tip: "\(row.step) step: " + String(printf: "%.1f ms, \(name) %.1f ms", row.ours_ms, row.fp32_ms))
          })
      })
    charts += chart(
      "Sampling", peer: "the best of PyTorch and onnxruntime",
      (peers.sampling ?? []).map { row in
        BarChart.Group(
          title: "\(row.pictures) at once", subtitle: row.best.map { "best: \($0)" } ?? "",
          bars: [
            bar(
              row.ratio, row.ratio_min, row.ratio_max, PlotColor.grey, isShaky: row.shaky,
              tip: String(printf: "%.2f ms", row.ours_ms))
          ])
      })
    var others: [BarChart.Group] = []
    if let s = peers.start_up {
      others.append(
        BarChart.Group(
          title: "start-up", subtitle: "generate of 64 pictures",
          bars: [
            bar(
              s.ratio, s.ratio_min, s.ratio_max, PlotColor.grey, isShaky: s.shaky,
              tip: String(printf: "%.2f s, PyTorch %.2f s", s.ours_s, s.theirs_s))
          ]))
    }
    if let m = peers.memory {
      others.append(
        BarChart.Group(
          title: "peak memory", subtitle: "PyTorch's over ours",
          bars: [
            bar(
              m.ratio, nil, nil, PlotColor.grey, isShaky: false,
              tip: String(printf: "%.0f MB, PyTorch %.0f MB", m.ours_mb, m.theirs_mb))
          ]))
    }
    for p in peers.pictures ?? [] {
      others.append(
        BarChart.Group(
          title: "pictures: \(p.kind)", subtitle: "decode, resize, crop",
          bars: [
            bar(
              p.ratio, p.ratio_min, p.ratio_max, PlotColor.grey, isShaky: p.shaky,
              tip: String(printf: "%.0f pictures/s", p.ours_per_s))
          ]))
    }
    return charts + chart("Start-up, memory, pictures", others)
  }
}
