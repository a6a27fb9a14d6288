// The distances of a run's checkpoints over generator steps, at each scale and in the mean, beside what real pictures
// get.

import Evaluation
import Plots
import SystemSupport

enum DistancePlot {
  private static let colors = [PlotColor.sky, PlotColor.green, PlotColor.orange, PlotColor.pink, PlotColor.grey]

  static func svg(_ judgements: [GeneratorJudgement], floor: [ScaleDistance]) -> SVG {
    var svg = SVG(width: 960, height: 400, title: "The sliced Wasserstein distance over generator steps")
    svg.text("sliced Wasserstein distance x 1000", 16, 26, size: 14, isBold: true)
    let all = judgements.flatMap(\.distances).map(\.distance) + [floor.mean]
    let panel = StepPanel(
      lastStep: judgements.compactMap(\.generatorSteps).max() ?? 0,
      values: StepPanel.axisFromZero(all.filter(\.isFinite), bottom: 350, top: 70), left: 72, right: 936)
    panel.drawGrid(&svg)
    var entries: [Legend.Entry] = []
    func draw(_ name: String, _ color: String, width: Double, _ value: ([ScaleDistance]) -> Double) {
      let points = judgements.compactMap { judgement in
        judgement.generatorSteps.map { LossCurves.Point(step: $0, value: Float(value(judgement.distances))) }
      }
      panel.draw(points, &svg, color: color, width: width, dots: true)
      entries.append(Legend.Entry(text: name, paint: SVG.Paint(fill: color)))
    }
    for (level, scale) in floor.enumerated() {
      draw("\(scale.size)x\(scale.size)", colors[level % colors.count], width: 1) { $0[level].distance }
    }
    draw("mean", PlotColor.blue, width: 2) { $0.mean }
    let y = panel.values.position(floor.mean)
    svg.line(panel.steps.from, y, panel.steps.to, y, SVG.Paint(stroke: PlotColor.black, strokeWidth: 1.5, dash: "6 4"))
    entries.append(Legend.Entry(text: "real pictures (mean)", paint: SVG.Paint(fill: PlotColor.black)))
    _ = Legend(entries: entries).draw(&svg, x: 72, y: 42, right: 936)
    return svg
  }
}

extension GeneratorEvaluation {
  /// Writes the distances of several generators as an SVG.
  /// - Throws: `Failure`.
  package func writePlot(of judgements: [GeneratorJudgement], to path: String) throws {
    try writeFile(Array(DistancePlot.svg(judgements, floor: floor).text.utf8), to: path)
  }
}
