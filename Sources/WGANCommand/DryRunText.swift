// What `wgan train --dry-run` prints.

import CommandSupport
import Configuration
import SystemSupport
import Training
import WGAN

func dryRunText(_ dryRun: DryRun) -> String {
  var text = [configuration(dryRun), ""]
  text += planText(dryRun.plan, others: dryRun.otherBytes)
  text += ["", times(dryRun)]
  if dryRun.configuration.training.decay != .none { text += ["", whatFalls(dryRun)] }
  return text.joined(separator: "\n")
}

/// Every value by its flag: the preset's where it is another, and why it changes nothing where that is so.
private func configuration(_ dryRun: DryRun) -> String {
  let run = dryRun.configuration
  var table = TextTable(["configuration", "value", ""], wordColumns: [0, 1, 2])
  let weightFlag = TrainingParameters.declared.penaltyWeight.name.text(.flags)
  func add(_ field: ConfigurationField, preset: String? = nil) {
    let other = preset.flatMap { $0 == field.value ? nil : "the preset has \($0)" }
    let idle = field.idle.map { "no effect: \($0)" }
    let rule = field.flag == weightFlag ? run.training.penaltyWeightRule : nil
    table.add(["  " + field.flag, field.value, [rule, other, idle].compactMap(\.self).joined(separator: "; ")])
  }
  for (field, preset) in zip(run.training.fields, dryRun.preset.fields) { add(field, preset: preset.value) }
  add(ConfigurationField("--data", run.data.isEmpty ? "not given" : run.data.joined(separator: ", ")))
  if let time = dryRun.time { add(ConfigurationField("--for", "\(time.text), on this machine:")) }
  add(run.lengthField)
  for field in run.fields(with: run.training) { add(field) }
  return table.text
}

private func times(_ dryRun: DryRun) -> String {
  func milliseconds(_ seconds: Double) -> String { "\(fixed(1000 * seconds, 1)) ms" }
  func row(_ name: String, _ estimate: DryRun.Estimate) -> [String] {
    [
      name, clockTime(estimate.seconds),
      "\(counted(estimate.criticSteps, "critic step")), \(counted(estimate.generatorSteps, "generator step"))",
    ]
  }
  let heldOut = dryRun.pictures.map { $0.heldOut > 0 ? ", \(grouped($0.heldOut)) held out" : "" } ?? ""
  let most = dryRun.areMost ? "at most " : ""
  let pictures =
    dryRun.pictures.map { "\(most)\(counted($0.training, "picture")) to train on\(heldOut)" }
    ?? "as if of \(grouped(DryRun.picturesWithoutData)) pictures to train on: --data gives yours"
  var table = TextTable(["expected time", "", pictures], wordColumns: [0, 2])
  table.add([
    "  a critic step", milliseconds(dryRun.stepTimes.critic), "measured just now, on made-up pixels",
  ])
  table.add(["  a generator step", milliseconds(dryRun.stepTimes.generator), ""])
  table.add(row("  the first epoch", dryRun.epoch))
  table.add(row("  the whole run", dryRun.run))
  return table.text
}

/// Learning rates that decay, and a penalty's weight that falls with them: from the first update to the run's end.
private func whatFalls(_ dryRun: DryRun) -> String {
  let training = dryRun.configuration.training
  var table = TextTable(["falling over the run", "at first", "half-way", "at the end"])
  let ofRates = [
    ("critic's learning rate", training.criticLearningRate),
    ("generator's learning rate", training.generatorLearningRate),
  ]
  for (name, rate) in ofRates {
    let rates = [0, 0.5, 1].map { significant(Double(rate) * training.learningRateShare(at: $0), 6) }
    table.add(["  " + name] + rates)
  }
  if training.objective.isPenalised, training.penaltyDecayTo < 1 {
    let weight = Double(training.penaltyWeightInUse)
    table.add(["  penalty's weight"] + [0, 0.5, 1].map { significant(weight * training.penaltyShare(at: $0), 6) })
  }
  let steps = grouped(dryRun.run.generatorSteps)
  return table.text + "\n  over \(steps) generator steps; --resume with another length changes them from there on"
}
