// Bars: how near each layer and pass comes to the measured peak.

import Compute
import Plots
import SystemSupport

package enum PercentPlot {
  /// What the middle convolutions of both nets shall reach. (Of bf16 no aim is set.)
  package static func aim(isa: String, algorithm: String, precision: String? = nil) -> Double? {
    if precision != nil { return nil }
    return switch Algorithm(rawValue: algorithm) {
    case .direct: ["avx512": 92, "avx2": 88][isa]
    case .winograd: ["avx512": 185, "avx2": 165][isa]
    case nil: nil
    }
  }

  /// One chart for each instruction set and thread count. Nil: there are no rows.
  package static func svg(_ rows: [ConvolutionRow]) -> SVG? {
    guard !rows.isEmpty else { return nil }
    var svg = SVG(width: BarChart.width, title: "Convolutions in percent of the measured peak")
    let passes = Pass.allCases.filter { pass in rows.contains { $0.pass == pass } }
    var entries = passes.map { Legend.Entry(text: $0.rawValue, paint: SVG.Paint(fill: $0.color)) }
    if rows.contains(where: \.isDoubtful) {
      entries.append(
        Legend.Entry(
          text: "disturbed, unsteady or FAILED",
          paint: SVG.Paint(fill: PlotColor.grey, fillOpacity: 0.3, stroke: PlotColor.grey, dash: "3 2")))
    }
    var y = Legend(entries: entries).draw(&svg, x: 16, y: 14, right: BarChart.width - 16)
    let greatest = min(rows.map(\.percentOfPeak).max() ?? 0, 1e6)
    let step = Axis.roundStep(greatest / 6)
    let high = greatest <= 100 ? 100 : step * (greatest / step).rounded(.up)
    let namesAlgorithms = Set(rows.map(\.algorithm)).count > 1

    for (setting, members) in grouped(rows, by: { Setting($0) }) {
      let groups = grouped(members, by: \.shape).map { shape, members in
        let (layer, label) = (LayerLabel.short(members[0].layer), LayerLabel.ofShape(shape))
        return BarChart.Group(
          title: layer.isEmpty ? label : layer, subtitle: layer.isEmpty ? "" : label,
          bars: members.map { bar($0, namesAlgorithm: namesAlgorithms) })
      }
      var chart = BarChart(
        title: setting.text, axisTitle: "% of the measured peak (median time)", low: 0, high: high, base: 0,
        groups: groups)
      for algorithm in grouped(members, by: \.algorithm).map(\.key) {
        if let aim = aim(isa: setting.isa, algorithm: algorithm, precision: setting.precision) {
          chart.marks.append(
            BarChart.Mark(
              value: aim, text: String(printf: "aim\(namesAlgorithms ? ", \(algorithm)" : ""): %.0f %%", aim)))
        }
      }
      y = chart.draw(&svg, y: y)
    }
    svg.text(LayerLabel.explanation, 16, y, size: 11, fill: PlotColor.quiet)
    svg.height = y + 16
    return svg
  }

  private static func bar(_ row: ConvolutionRow, namesAlgorithm: Bool) -> BarChart.Bar {
    let figure = String(printf: row.percentOfPeak < 1e4 ? "%.1f" : "%.2g", row.percentOfPeak)
    // The worst of what there is to say; report.md says all.
    let mark = !row.verified ? ["FAILED"] : row.isDisturbed ? ["disturbed"] : row.isUnsteady ? ["unsteady"] : []
    return BarChart.Bar(
      value: row.percentOfPeak, range: nil,
      text: ([figure] + (namesAlgorithm ? [row.algorithm] : []) + mark).joined(separator: " "),
      color: row.pass.color, isDoubtful: row.isDoubtful,
      tip: "\(row.layer) \(row.key): \(figure) % of peak, "
        + String(printf: "%.1f GFLOP/s, %.3f ms", row.gflops, row.milliseconds.median))
  }
}

/// What is multiplied, by an instruction set with so many threads: what percentages and roofs are of.
struct Setting: Hashable {
  var isa: String
  var threads: Int
  /// Nil: fp32.
  var precision: String?

  init(_ row: ConvolutionRow) { (isa, threads, precision) = (row.isa, row.threads, row.precision) }

  var text: String {
    let name = isa + (precision.map { " " + $0 } ?? "")
    return "\(name), \(counted(threads, "thread"))"
  }
}

/// The values that have a key in common, in the order in which keys and values come.
func grouped<Value, Key: Hashable>(_ values: [Value], by key: (Value) -> Key) -> [(key: Key, members: [Value])] {
  var order: [Key] = []
  var members: [Key: [Value]] = [:]
  for value in values {
    let key = key(value)
    if members[key] == nil { order.append(key) }
    members[key, default: []].append(value)
  }
  return order.map { ($0, members[$0, default: []]) }
}
