// How long a run is, and what it writes how often: what may change when a run goes on. No number depends on these, but
// for learning rates that decay over the run's length, and a run that goes back to a checkpoint (`--on-divergence`).

import Compute
import Configuration

/// Fields of config.json beside `training`.
package struct RunParameters: ParameterSet {
  package static let declared = Declared(RunParameters())
  package static let defaultLabel = "default"

  package let threads = TrainingParameter(
    .machine, Device.coreCount, .within(1...1024), earlier: .haveIt, shownDefault: "as many as there are cores",
    help: "Threads to compute with, which changes no result")

  package let sampleEvery = TrainingParameter(
    .run, 100, .within(0...1_000_000_000), valueName: "steps", earlier: .haveIt,
    help: "Generator steps from gallery to gallery; 0: at the end only")

  package let checkpointEvery = TrainingParameter(
    .run, 100, .within(0...1_000_000_000), valueName: "steps", earlier: .haveIt,
    help: "Generator steps from checkpoint to checkpoint; 0: at the end only")

  package let keepEvery = TrainingParameter(
    .run, 0, .within(0...1_000_000_000), valueName: "steps", earlier: .mean(0),
    help: "Generator steps from one checkpoint that is never removed to the next; 0: none")

  package let evaluateEvery = TrainingParameter(
    .run, 100, .within(0...1_000_000_000), valueName: "steps", earlier: .mean(0),
    effect: Effect(elseSay: "no picture is held out to evaluate on", give: "\(\.heldOut)") { configuration, every in
      every == 0 || configuration.heldOut > 0
    },
    help:
      "Generator steps from one look at held-out pictures to the next, at most 2 % of the time by default; 0: never")

  package let tensorboard = TrainingParameter(
    .run, false, earlier: .mean(false),
    help: "Also write what TensorBoard shows, to the run's folder tensorboard: metrics.csv and galleries as event files"
  )

  package let onDivergence = TrainingParameter(
    .run, OnDivergence.stop, valueName: "what", earlier: .mean(.stop),
    help: "When numbers stop being finite: stop, or go back to a checkpoint with halved learning rates, at most 3 times"
  )
}

/// What a run does whose numbers stop being finite.
package enum OnDivergence: String, ParameterValue, CaseIterable {
  case stop
  /// To the last good state, with halved learning rates.
  case rollback
}

/// Three ways to say when a run ends, a `PlannedLength`; a run itself has one of the first two, its `RunLength`.
package struct LengthParameters: ParameterSet {
  package static let declared = Declared(LengthParameters())
  package static let defaultLabel = "default"

  package static let mostGeneratorSteps = 1_000_000_000

  package let epochs = TrainingParameter(
    .run, 5, .within(1...1_000_000), shownDefault: "the preset's length: 5, of photos half an hour",
    help: "Passes over the pictures")

  package let generatorSteps = TrainingParameter(
    .run, 1, .within(1...mostGeneratorSteps), shownDefault: "as --epochs says",
    help: "End after exactly so many generator steps")

  package let time = TrainingParameter(
    .run, TimeSpan(seconds: 1), Rule("must be from 1s to 10000h") { 1...36_000_000 ~= $0.seconds }, flag: "for",
    valueName: "time", shownDefault: "as --epochs says",
    help: "End after about so long (90s, 45m, 1h30m, 0.5h), in generator steps that are counted out at the beginning")
}
