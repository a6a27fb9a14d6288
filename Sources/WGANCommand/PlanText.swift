// What is told of two nets before they train: layers, parameters, work, memory. For `inspect` and `train --dry-run`.

import CommandSupport
import Configuration
import Training
import Graph
import SystemSupport
import WGAN

/// Three tables as lines, an empty line between them.
/// - Parameter others: bytes that a run takes besides; 0 where none is meant.
func planText(_ plan: TrainingPlan, others: Int = 0) -> [String] {
  [layers("critic", plan.critic), "", layers("generator", plan.generator), "", memory(plan, others: others)]
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

private func memory(_ plan: TrainingPlan, others: Int) -> String {
  func mebibytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 0x1p20, 1)) MiB" }
  var table = TextTable([others > 0 ? "memory for training" : "memory of the nets in training", "planned"])
  table.add(["  tensors and gradients of a step, both nets'", mebibytes(plan.arena.bytes)])
  for (role, net) in [(NetRole.critic, plan.critic), (.generator, plan.generator)] {
    table.add(["  \(role.rawValue): parameters", mebibytes(net.parameterBytes)])
    table.add(["  \(role.rawValue): optimizer", mebibytes(plan.optimizerBytes(role))])
  }
  table.add(["  pictures and noise of a step", mebibytes(plan.inputBytes)])
  if plan.averageBytes > 0 { table.add(["  averaged generator", mebibytes(plan.averageBytes)]) }
  if others > 0 { table.add(["  samples, evaluation, batches, a checkpoint's copy", mebibytes(others)]) }
  table.add(["  total", mebibytes(plan.bytes + others)])
  return table.text
    + (others > 0
      ? "" : "\n  beside it a run has samples, evaluation, batches: 'wgan train --dry-run' counts these too")
}
