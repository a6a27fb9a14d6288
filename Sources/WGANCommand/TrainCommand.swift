// wgan train

import Training
import Configuration
import ArgumentParser
import CommandSupport
import Compute
import WGAN

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a WGAN on a folder of pictures.",
    discussion: """
      Each value that isn't given is the preset's; (\(TrainingParameters.defaultLabel): ...) says what the default \
      preset has. The run's folder gets config.json, metrics.csv, curves.svg, real.png, samples/ and checkpoints/. \
      Ctrl-C saves the run and ends it with exit code 130; --resume goes on with it, bit for bit as if it had never \
      stopped.
      """)

  @OptionGroup var data: DataOptions

  @Option(
    help: ArgumentHelp("The run's folder (default: runs/NAME-1 and so on, as the data are called).", valueName: "run"))
  var out: String?

  @Flag(
    help: "Show every value, the nets, their memory and the time to expect; train nothing, write nothing.")
  var dryRun = false

  @Flag(help: "Go on with the run in --out. Only how long, how often and how many threads may change.")
  var resume = false

  @Flag(help: "With --resume: go on also where the pictures are others than before; config.json has it from then on.")
  var acceptNewData = false

  @Flag(
    help: "With --resume: train from step 0 again; the checkpoints, samples and metrics that are there are kept aside.")
  var beginAnew = false

  @Option(
    help: ArgumentHelp(
      "Begin with this generator: safetensors, or a state_dict of PyTorch (.pth). See docs/Weights.md.",
      valueName: "file"))
  var initGenerator: String?

  @Option(help: ArgumentHelp("Begin with this critic.", valueName: "file"))
  var initCritic: String?

  @Flag(help: "Say of each convolution how it is computed, and why not by the fast method where it isn't.")
  var verbose = false

  @OptionGroup(title: "The nets")
  var network: NetworkOptions

  @OptionGroup(title: "The steps")
  var steps: ParameterOptions<StepParameters>

  @OptionGroup(title: "The pictures")
  var pictures: PictureOptions

  @OptionGroup(title: "The run")
  var pace: RunOptions

  func validate() throws {
    if out == "" { throw ValidationError("--out is empty: give the run's folder") }
    if beginAnew && !resume {
      throw ValidationError("--begin-anew is for a run that is there: give --resume, too, or leave it out")
    }
    if acceptNewData && !resume {
      throw ValidationError("--accept-new-data is for a run that is there: give --resume, too, or leave it out")
    }
    if dryRun && resume {
      throw ValidationError("--dry-run shows a new run, --resume goes on with one: give one of them")
    }
  }

  func run() throws {
    let request = TrainingRequest(
      out: out, resume: resume, acceptNewData: acceptNewData, beginAnew: beginAnew, preset: network.preset,
      overrides: network.overrides + steps.overrides() + pictures.parameters.overrides(), data: data.all,
      cache: pictures.cache, initialGenerator: initGenerator, initialCritic: initCritic, length: pace.length,
      runOverrides: pace.parameters.overrides())
    if dryRun { return try show(DryRun(request)) }
    Interruption.watch()
    let display = ProgressDisplay()
    let training: TrainingRun
    do {
      training = try TrainingRun(
        request, report: { display.show($0) }, isCancelled: { Interruption.isRequested })
    } catch {
      display.clear()
      throw error
    }
    display.begin(training)
    Interruption.trainingBegins(at: training.start.position.generatorSteps)
    if verbose { display.showMethods(of: training) }
    let summary: TrainingSummary
    do {
      summary = try training.train(shouldStop: { Interruption.isRequested }) { event in
        switch event {
        case .metrics(let row, _): Interruption.stepIsDone(row.step)
        case .checkpointSaved: Interruption.stateIsSaved()
        default: break
        }
        display.show(event)
      }
    } catch {
      display.clear()
      throw error
    }
    display.end(training, summary)
    // `wgan train && next` mustn't go on with half a run.
    if summary.stopped { throw ExitCode(Interruption.exitCode) }
  }

  private func show(_ dryRun: DryRun) throws {
    var text = dryRunText(dryRun)
    if verbose {
      text += "\n\n" + (dryRun.plan.critic.methods + dryRun.plan.generator.methods).joined(separator: "\n")
    }
    try Console.print(text)
  }
}

struct PictureOptions: ParsableArguments {
  @OptionGroup var parameters: ParameterOptions<PictureParameters>

  @Option(
    help: ArgumentHelp(
      "Where scaled pictures are kept between runs; safe to delete (default: ~/.cache/wgan).", valueName: "folder"))
  var cache: String?
}

struct RunOptions: ParsableArguments {
  @OptionGroup private var lengths: ParameterOptions<LengthParameters>
  @OptionGroup var parameters: ParameterOptions<RunParameters>

  /// nil where nothing is said of it.
  var length: PlannedLength? { planned.first?.length }

  private var planned: [(flag: String, length: PlannedLength)] {
    let names = LengthParameters.declared
    return [
      lengths[\.epochs].map { (names.epochs.name.text(.flags), .steps(.epochs($0))) },
      lengths[\.generatorSteps].map { (names.generatorSteps.name.text(.flags), .steps(.generatorSteps($0))) },
      lengths[\.time].map { (names.time.name.text(.flags), .time($0)) },
    ].compactMap(\.self)
  }

  func validate() throws {
    if planned.count > 1 {
      throw ValidationError("\(planned[0].flag) and \(planned[1].flag) both say when to end: give one of them")
    }
  }
}

extension LengthParameters: ParameterSelection {
  package typealias Parameters = Self
  package static var selected: [any Declaration] { declared.all }
}

extension RunParameters: ParameterSelection {
  package typealias Parameters = Self
  package static var selected: [any Declaration] { declared.all }
}
