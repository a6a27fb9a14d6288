// wgan train

import Training
import Configuration
import ArgumentParser
import CommandSupport
import Compute
import Ranks
import SystemSupport
import WGAN

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a WGAN on a folder of pictures.",
    discussion: """
      A value that isn't given is the preset's; (preset: ...) is what the default one, \
      \(TrainingConfiguration.defaultPreset.preset), has. The run's folder gets config.json, metrics.csv, curves.svg, \
      real.png, samples/ and checkpoints/. Ctrl-C saves the run and ends it with exit code 130; --resume goes on with \
      it, bit for bit as if it had never stopped.
      """)

  static let firstPage = FirstPage(
    examples: [
      ("wgan train --data ~/Pictures/faces", "Learns from your pictures for half an hour: a run in runs/faces-1."),
      ("wgan train --data synthetic --out runs/first --for 5m", "Tries it with made-up faces."),
      ("wgan train --out runs/faces-1 --resume --for 2h", "Goes on with a run."),
    ],
    sections: [
      (
        "What and where",
        [
          ("data", "A folder, zip or tar of pictures, or 'synthetic'"), ("out", "The folder that the run gets"),
          ("resume", "Go on with the run in --out"),
          ("config", "Begin with another run's values: its folder"),
          ("dry-run", "Show all values, memory and time; train nothing"),
        ]
      ),
      (
        "How long",
        [
          ("for", "About so long: 90s, 45m, 0.5h, 1h30m (default: 30m)"),
          ("generator-steps", "Exactly so many steps"), ("threads", "To compute with (default: one for each core)"),
        ]
      ),
      (
        "The pictures",
        [
          ("size", "Side in pixels: 16, 32, 64, 128, 256"), ("channels", "1: grey, 3: colour"),
          ("fit", "If not square: crop, pad, stretch"), ("mirror", "Mirror half of them"),
          ("augment", "For few: color,translate,cutout"),
        ]
      ),
      (
        "The nets",
        [
          ("preset", "Values for all: photos (default), blog, demo and more"), ("features", "How wide the nets are"),
          ("batch-size", "Pictures that a step learns from"), ("learning-rate", "How large the steps are"),
          ("objective", "What they learn by"), ("seed", "Another one gives another run"),
        ]
      ),
      (
        "What is kept and told",
        [
          ("sample-every", "Steps from gallery to gallery (default: 100)"), ("quiet", "Tell only what is wrong"),
          ("json", "Events for programs, on standard output"),
        ]
      ),
    ],
    notes: """
      (preset: ...) is what holds where no flag says otherwise. The generator draws pictures, the critic learns to \
      tell them from real ones; a step trains one of the two. Ctrl-C saves the run.
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

  @Option(
    help: ArgumentHelp(
      """
      Begin with another run's values: its folder, its config.json, or what --dry-run --json prints. Other flags \
      change single ones; --threads and --cache are the machine's and aren't taken.
      """, valueName: "file"))
  var config: String?

  @Flag(help: "Tell only what is wrong, and on standard output the run's folder.")
  var quiet = false

  @Flag(
    help: "Tell what happens as JSON on standard output, an object a line (docs/Events.md); errors stay where they are."
  )
  var json = false

  @Flag(help: "Say of each convolution how it is computed, and why not by the fast method where it isn't.")
  var verbose = false

  @Flag(
    help: """
      On several ranks: batch norm by each rank's own pictures. Less to send, and another training than on one \
      (docs/Scaling.md).
      """)
  var localNorms = false

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
    if config != nil && resume {
      throw ValidationError("--config begins a new run, and --resume goes on with what its run has: give one of them")
    }
    if config != nil && network.preset != nil {
      throw ValidationError("--config and --preset are both a whole configuration: give one of them")
    }
    if config == "" { throw ValidationError("--config is empty: give a file") }
    if verbose && json { throw ValidationError("--verbose is for people: leave it or --json out") }
    if verbose && quiet { throw ValidationError("--verbose says more, --quiet less: give one of them") }
    if quiet && dryRun && !json { throw ValidationError("--dry-run only tells: leave --quiet out") }
  }

  func run() throws {
    let ranks = try MPIRanks.ofProcess(ProcessInfo.processInfo.environment)
    if localNorms && ranks == nil {
      throw ValidationError("--local-norms is for several ranks, and there is one: start it by mpirun, or leave it out")
    }
    guard let ranks else { return try train(nil) }
    defer { ranks.end() }
    do {
      try RankGreeting().check(ranks)
      if dryRun { throw Failure(.usage, "--dry-run is of one process: leave mpirun out") }
    } catch let error where ranks.rank > 0 {
      // Rank 0 says the same.
      throw ExitCode(Self.exitCode(of: error))
    }
    if ranks.rank > 0 { return try follow(ranks) }
    let crew = RankCrew(ranks, sharesNorms: !localNorms)
    do {
      try train(crew)
      try crew.end()
    } catch let code as ExitCode {
      // Stopped, all together.
      try crew.end()
      throw code
    } catch {
      if crew.isTraining { abort(ranks, "\(error)", error) }
      crew.fail(exitCode: Self.exitCode(of: error))
      throw error
    }
  }

  /// One of the other ranks.
  private func follow(_ ranks: MPIRanks) throws {
    Interruption.watch(isSilent: true)
    let worker = RankWorker(
      ranks, runOverrides: pace.parameters.overrides(), isCancelled: { Interruption.isRequested })
    do {
      let code = try worker.run()
      if code != 0 { throw ExitCode(code) }
    } catch let code as ExitCode {
      throw code
    } catch {
      abort(ranks, "rank \(ranks.rank): \(error)", error)
    }
  }

  /// The others wait in the midst of a step for this rank, which can't go on.
  private func abort(_ ranks: MPIRanks, _ line: String, _ error: any Error) -> Never {
    Console.note("wgan: \(line)")
    ranks.abort(code: Self.exitCode(of: error))
  }

  private static func exitCode(of error: any Error) -> Int32 {
    (error as? any ClassifiedError)?.failureKind.exitCode ?? FailureKind.inputOutput.exitCode
  }

  /// - Parameter crew: the other ranks; nil: this process is alone.
  private func train(_ crew: RankCrew?) throws {
    let display: any TrainingTeller = json ? EventStream() : ProgressDisplay(isQuiet: quiet)
    let training: TrainingRun
    do {
      let request = try self.request()
      Interruption.watch()
      if dryRun { return try show(request) }
      training = try TrainingRun(
        request, crew: crew, report: { display.show($0) }, isCancelled: { Interruption.isRequested })
    } catch {
      display.fail(error)
      throw error
    }
    // Before anything is told: who reads it may stop the run at once.
    Interruption.trainingBegins(at: training.start.position.generatorSteps)
    display.begin(training)
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
      display.fail(error)
      throw error
    }
    display.end(training, summary)
    // `wgan train && next` mustn't go on with half a run.
    if summary.stopped { throw ExitCode(Interruption.exitCode) }
  }

  private func request() throws -> TrainingRequest {
    TrainingRequest(
      out: out, resume: resume, acceptNewData: acceptNewData, beginAnew: beginAnew,
      base: try config.map(ConfigurationFile.read), preset: network.preset,
      overrides: network.overrides + steps.overrides() + pictures.parameters.overrides(), data: data.all,
      cache: pictures.cache, initialGenerator: initGenerator, initialCritic: initCritic, length: pace.length,
      runOverrides: pace.parameters.overrides())
  }

  private func show(_ request: TrainingRequest) throws {
    let dryRun = try DryRun(request, isCancelled: { Interruption.isRequested }) {
      if !json { Console.note("wgan: measuring some steps, to tell how long the run will take ...") }
    }
    if json { return try Console.print(RunJSON.line(PlanEvent(dryRun))) }
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
