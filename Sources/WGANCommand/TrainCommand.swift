// wgan train

import Training
import Configuration
import ArgumentParser
import Compute
import WGAN

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a WGAN on a folder of pictures.",
    discussion: """
      Each value that isn't given is the preset's; (seed: ...) says what the default preset has. The run's folder gets
      config.json, metrics.csv, curves.svg, real.png, samples/ and checkpoints/. Ctrl-C saves the run; --resume goes on with it,
      bit for bit as if it had never stopped.
      """)

  @Option(
    help: ArgumentHelp(
      "What to learn from: a folder of JPEG and PNG files, a CSV list of files, or 'synthetic'.", valueName: "path"))
  var data: String?

  @Option(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var out: String?

  @Flag(
    help:
      "Show every value, the nets, their memory and the time to expect; train nothing, write nothing. No --out needed.")
  var dryRun = false

  @Flag(help: "Go on with the run in --out. Only how long, how often and how many threads may change.")
  var resume = false

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
  var steps: StepOptions

  @OptionGroup(title: "The pictures")
  var pictures: PictureOptions

  @OptionGroup(title: "The run")
  var pace: RunOptions

  func validate() throws {
    if out == "" { throw ValidationError("--out is empty: give the run's folder") }
    if out == nil && !dryRun { throw ValidationError("--out is needed: the run's folder (or --dry-run)") }
    if dryRun && resume {
      throw ValidationError("--dry-run shows a new run, --resume goes on with one: give one of them")
    }
  }

  func run() throws {
    let request = TrainingRequest(
      out: out ?? "", resume: resume, preset: network.preset,
      overrides: network.overrides + steps.overrides + pictures.overrides, data: data, cache: pictures.cache,
      initialGenerator: initGenerator, initialCritic: initCritic,
      length: pace.epochs.map(RunLength.epochs) ?? pace.generatorSteps.map(RunLength.generatorSteps),
      threads: pace.threads, sampleEvery: pace.sampleEvery, checkpointEvery: pace.checkpointEvery,
      evaluateEvery: pace.evaluateEvery)
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
    if verbose { display.showMethods(of: training) }
    do {
      let summary = try training.train(shouldStop: { Interruption.isRequested }, report: { display.show($0) })
      display.end(training, summary)
    } catch {
      display.clear()
      throw error
    }
  }

  private func show(_ dryRun: DryRun) throws {
    var text = dryRunText(dryRun)
    if verbose {
      text += "\n\n" + (dryRun.plan.critic.methods + dryRun.plan.generator.methods).joined(separator: "\n")
    }
    try Console.print(text)
  }
}

struct StepOptions: ParsableArguments {
  @Option(help: "Critic steps before each generator step (seed: \(TrainingConfiguration.seed.criticSteps)).")
  var criticSteps: Int?

  @Option(help: "The critic's parameters stay within -clip ... clip (seed: \(TrainingConfiguration.seed.clip)).")
  var clip: Float?

  // Its values begin with a dash.
  @Option(parsing: .unconditional, help: "The lower bound alone (seed: \(TrainingConfiguration.seed.clipLower)).")
  var clipLower: Float?

  @Option(help: "The upper bound alone (seed: \(TrainingConfiguration.seed.clipUpper)).")
  var clipUpper: Float?

  @Option(help: "Clip before-step or after-update (seed: \(TrainingConfiguration.seed.clipTime.rawValue)).")
  var clipTime: ClipTime?

  @Option(help: "rmsprop or adam (seed: \(TrainingConfiguration.seed.optimizer.rawValue)).")
  var optimizer: Optimizer?

  @Option(help: "Of both optimizers (seed: \(TrainingConfiguration.seed.learningRate)).")
  var learningRate: Float?

  @Option(help: "Of the critic's alone (seed: \(TrainingConfiguration.seed.criticLearningRate)).")
  var criticLearningRate: Float?

  @Option(help: "Of the generator's alone (seed: \(TrainingConfiguration.seed.generatorLearningRate)).")
  var generatorLearningRate: Float?

  @Option(help: "Adam's decay of the mean (seed: \(TrainingConfiguration.seed.adamBeta1)).")
  var adamBeta1: Double?

  @Option(help: "Adam's decay of the mean square (seed: \(TrainingConfiguration.seed.adamBeta2)).")
  var adamBeta2: Double?

  @Option(
    help: ArgumentHelp(
      "First parameters as pytorch's, as pytorch-0.4's (gamma uniform) or as dcgan's (seed: \(TrainingConfiguration.seed.initialisation.rawValue)).",
      valueName: "scheme"))
  var initialisation: Initialisation?

  @Option(
    help: "Critic steps in a warm-up phase (seed: \(TrainingConfiguration.seed.warmUpCriticSteps), but it has none).")
  var warmUpCriticSteps: Int?

  @Option(help: "So many first generator steps are preceded by a warm-up phase (seed: none).")
  var warmUpGeneratorSteps: Int?

  @Option(help: "And so is each generator step that is a multiple of this; 0: none (seed: none).")
  var warmUpEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Fake pictures beside an epoch's short last batch: real (as many) or full (seed: \(TrainingConfiguration.seed.criticNoiseBatch.rawValue)).",
      valueName: "size"))
  var criticNoiseBatch: CriticNoiseBatch?

  @Option(
    help: ArgumentHelp(
      "Batch norm at sampling: running or batch (seed: \(TrainingConfiguration.seed.samplingStatistics.rawValue)).",
      valueName: "kind"))
  var samplingStatistics: SamplingStatistics?

  @Option(
    help: """
      How to convolve: auto (fast where it is faster), direct, or winograd (fast wherever there is a fast method) \
      (seed: \(TrainingConfiguration.seed.algorithm.rawValue)).
      """)
  var algorithm: AlgorithmChoice?

  @Option(help: "Of all random numbers: the same seed gives the same run (seed: \(TrainingConfiguration.seed.seed)).")
  var seed: UInt64?

  var overrides: [ConfigurationOverride] {
    [
      criticSteps.map { ConfigurationOverride("--critic-steps", \.criticSteps, $0) },
      clip.map { ConfigurationOverride("--clip", \.clip, $0) },
      clipLower.map { ConfigurationOverride("--clip-lower", \.clipLower, $0) },
      clipUpper.map { ConfigurationOverride("--clip-upper", \.clipUpper, $0) },
      clipTime.map { ConfigurationOverride("--clip-time", \.clipTime, $0) },
      optimizer.map { ConfigurationOverride("--optimizer", \.optimizer, $0) },
      learningRate.map { ConfigurationOverride("--learning-rate", \.learningRate, $0) },
      criticLearningRate.map { ConfigurationOverride("--critic-learning-rate", \.criticLearningRate, $0) },
      generatorLearningRate.map { ConfigurationOverride("--generator-learning-rate", \.generatorLearningRate, $0) },
      adamBeta1.map { ConfigurationOverride("--adam-beta1", \.adamBeta1, $0) },
      adamBeta2.map { ConfigurationOverride("--adam-beta2", \.adamBeta2, $0) },
      initialisation.map { ConfigurationOverride("--initialisation", \.initialisation, $0) },
      warmUpCriticSteps.map { ConfigurationOverride("--warm-up-critic-steps", \.warmUpCriticSteps, $0) },
      warmUpGeneratorSteps.map { ConfigurationOverride("--warm-up-generator-steps", \.warmUpGeneratorSteps, $0) },
      warmUpEvery.map { ConfigurationOverride("--warm-up-every", \.warmUpEvery, $0) },
      criticNoiseBatch.map { ConfigurationOverride("--critic-noise-batch", \.criticNoiseBatch, $0) },
      samplingStatistics.map { ConfigurationOverride("--sampling-statistics", \.samplingStatistics, $0) },
      algorithm.map { ConfigurationOverride("--algorithm", \.algorithm, $0) },
      seed.map { ConfigurationOverride("--seed", \.seed, $0) },
    ].compactMap(\.self)
  }
}

struct PictureOptions: ParsableArguments {
  @Option(help: "Crop random (another place each epoch) or center (seed: \(TrainingConfiguration.seed.crop.rawValue)).")
  var crop: Crop?

  @Option(help: "The share of the pictures to use (seed: \(TrainingConfiguration.seed.fraction)).")
  var fraction: Double?

  @Option(help: "The share of these kept from training (seed: \(TrainingConfiguration.seed.heldOut)).")
  var heldOut: Double?

  @Option(
    help: ArgumentHelp(
      "Where scaled pictures are kept between runs; safe to delete (default: ~/.cache/wgan).", valueName: "folder"))
  var cache: String?

  var overrides: [ConfigurationOverride] {
    [
      crop.map { ConfigurationOverride("--crop", \.crop, $0) },
      fraction.map { ConfigurationOverride("--fraction", \.fraction, $0) },
      heldOut.map { ConfigurationOverride("--held-out", \.heldOut, $0) },
    ].compactMap(\.self)
  }
}

struct RunOptions: ParsableArguments {
  @Option(help: "Passes over the pictures (default: 5).")
  var epochs: Int?

  @Option(help: "End after exactly so many generator steps, instead of --epochs.")
  var generatorSteps: Int?

  @Option(help: "Threads to compute with (default: as many as there are cores). Changes no result.")
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Generator steps from gallery to gallery; 0: at the end only (default: \(TrainingRequest.defaultSampleEvery)).",
      valueName: "steps"))
  var sampleEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Generator steps from checkpoint to checkpoint; 0: at the end only (default: \(TrainingRequest.defaultCheckpointEvery)).",
      valueName: "steps"))
  var checkpointEvery: Int?

  @Option(
    help: ArgumentHelp(
      """
      Generator steps from one look at held-out pictures to the next, less than 1 % of the time by default; 0: never \
      (default: \(TrainingRequest.defaultEvaluateEvery)).
      """,
      valueName: "steps"))
  var evaluateEvery: Int?

  func validate() throws {
    if epochs != nil && generatorSteps != nil {
      throw ValidationError("--epochs and --generator-steps both say when to end: give one of them")
    }
  }
}
