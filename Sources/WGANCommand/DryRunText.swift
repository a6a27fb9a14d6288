// What `wgan train --dry-run` prints.

import CommandSupport
import Configuration
import WGAN

func dryRunText(_ dryRun: DryRun) -> String {
  var text = [configuration(dryRun), ""]
  text += planText(dryRun.plan)
  text += ["", times(dryRun)]
  return text.joined(separator: "\n")
}

/// Every value by its flag: the preset's where it is another, and why it changes nothing where that is so.
private func configuration(_ dryRun: DryRun) -> String {
  let run = dryRun.configuration
  var table = TextTable(["configuration", "value", ""], wordColumns: [0, 1, 2])
  func add(_ field: ConfigurationField, preset: String? = nil) {
    let other = preset.flatMap { $0 == field.value ? nil : "the preset has \($0)" }
    let idle = field.idle.map { "no effect: \($0)" }
    table.add(["  " + field.flag, field.value, [other, idle].compactMap(\.self).joined(separator: "; ")])
  }
  for (field, preset) in zip(run.training.fields, dryRun.preset.fields) { add(field, preset: preset.value) }
  add(ConfigurationField("--data", run.data.isEmpty ? "not given" : run.data))
  add(run.lengthField)
  for field in run.fields(with: run.training) { add(field) }
  return table.text
}

private func times(_ dryRun: DryRun) -> String {
  func milliseconds(_ seconds: Double) -> String { "\(fixed(1000 * seconds, 1)) ms" }
  func row(_ name: String, _ estimate: DryRun.Estimate) -> [String] {
    [
      name, clockTime(estimate.seconds),
      "\(grouped(estimate.criticSteps)) critic steps, \(grouped(estimate.generatorSteps)) generator steps",
    ]
  }
  let heldOut = dryRun.pictures.map { $0.heldOut > 0 ? ", \(grouped($0.heldOut)) held out" : "" } ?? ""
  let pictures =
    dryRun.pictures.map { "\(grouped($0.training)) pictures to train on\(heldOut)" }
    ?? "as if of \(grouped(DryRun.picturesWithoutData)) pictures to train on: --data gives yours"
  var table = TextTable(["expected time", "", pictures], wordColumns: [0, 2])
  table.add([
    "  a critic step", milliseconds(dryRun.criticStepSeconds), "measured just now, on made-up pixels",
  ])
  table.add(["  a generator step", milliseconds(dryRun.generatorStepSeconds), ""])
  table.add(row("  the first epoch", dryRun.epoch))
  table.add(row("  the whole run", dryRun.run))
  return table.text
}
