// What is told of two nets before they train: layers, parameters, work, memory. For `inspect` and `train --dry-run`.

import CommandSupport
import Configuration
import Training
import Graph
import WGAN

/// Three tables as lines, an empty line between them.
func planText(_ plan: TrainingPlan) -> [String] {
  [layers("critic", plan.critic), "", layers("generator", plan.generator), "", memory(plan)]
}

private func layers(_ name: String, _ net: ExecutionPlan) -> String {
  var table = TextTable(
    [name, "operation", "output", "parameters", "multiply-adds"], wordColumns: [0, 1, 2])
  for step in net.summary {
    table.add([
      "  " + step.name, step.operation, step.outputShape.map(String.init).joined(separator: "x"),
      grouped(step.parameters), grouped(step.multiplyAdds),
    ])
  }
  table.add(["  total", "", "", grouped(net.parameters.parameterCount), grouped(net.multiplyAdds)])
  return table.text
}

private func memory(_ plan: TrainingPlan) -> String {
  func mebibytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 0x1p20, 1)) MiB" }
  var table = TextTable(["memory for training", "planned"])
  for (role, net) in [(NetRole.critic, plan.critic), (.generator, plan.generator)] {
    table.add(["  \(role.rawValue): tensors, parameters, gradients", mebibytes(net.plannedBytes)])
    table.add(["  \(role.rawValue): optimizer", mebibytes(plan.optimizerBytes(role))])
  }
  if plan.averageBytes > 0 { table.add(["  averaged generator", mebibytes(plan.averageBytes)]) }
  table.add(["  total", mebibytes(plan.bytes)])
  return table.text
}
