// What is told of two nets before they train: layers, parameters, work, memory. For `inspect` and `train --dry-run`.

import Training
import Graph
import WGAN

/// Three tables as lines, an empty line between them.
func planText(_ plan: TrainingPlan) -> [String] {
  [layers("critic", plan.critic), "", layers("generator", plan.generator), "", memory(plan)]
}

private func layers(_ name: String, _ net: ExecutionPlan) -> String {
  var rows = [[name, "operation", "output", "parameters", "multiply-adds"]]
  for step in net.summary {
    rows.append([
      "  " + step.name, step.operation, step.outputShape.map(String.init).joined(separator: "x"),
      grouped(step.parameters), grouped(step.multiplyAdds),
    ])
  }
  rows.append(["  total", "", "", grouped(net.parameters.parameterCount), grouped(net.multiplyAdds)])
  return table(rows, rightAligned: [3, 4])
}

private func memory(_ plan: TrainingPlan) -> String {
  func mebibytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 0x1p20, 1)) MiB" }
  var rows = [["memory for training", "planned"]]
  for (name, net) in [("critic", plan.critic), ("generator", plan.generator)] {
    rows.append(["  \(name): tensors, parameters, gradients", mebibytes(net.plannedBytes)])
    rows.append(["  \(name): optimizer", mebibytes(plan.optimizerBytes(net))])
  }
  rows.append(["  total", mebibytes(plan.bytes)])
  return table(rows, rightAligned: [1])
}
