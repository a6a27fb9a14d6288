// What `wgan train --dry-run` prints.

import WGAN

func dryRunText(_ dryRun: DryRun) -> String {
  var text = [configuration(dryRun), ""]
  text += planText(dryRun.plan)
  text += ["", times(dryRun)]
  return text.joined(separator: "\n")
}

/// Every value by its flag, and the preset's where it is another.
private func configuration(_ dryRun: DryRun) -> String {
  let run = dryRun.configuration
  var rows = [["configuration", "value", ""]]
  for (field, preset) in zip(run.training.fields, dryRun.preset.fields) {
    rows.append(["  " + field.flag, field.value, field.value == preset.value ? "" : "the preset has \(preset.value)"])
  }
  rows.append(["  --data", run.data.isEmpty ? "not given" : run.data, ""])
  switch run.length {
  case .epochs(let count): rows.append(["  --epochs", "\(count)", ""])
  case .generatorSteps(let count): rows.append(["  --generator-steps", "\(count)", ""])
  }
  let heldOutNote = run.training.heldOut == 0 ? "nothing is held out" : ""
  for (flag, value, note) in [
    ("--threads", run.threads, ""), ("--sample-every", run.sampleEvery, ""),
    ("--checkpoint-every", run.checkpointEvery, ""), ("--evaluate-every", run.evaluateEvery, heldOutNote),
  ] {
    rows.append(["  " + flag, "\(value)", note])
  }
  return table(rows, rightAligned: [])
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
  return table(
    [
      ["expected time", "", pictures],
      ["  a critic step", milliseconds(dryRun.criticStepSeconds), "measured just now, on made-up pixels"],
      ["  a generator step", milliseconds(dryRun.generatorStepSeconds), ""],
      row("  the first epoch", dryRun.epoch), row("  the whole run", dryRun.run),
    ], rightAligned: [1])
}
