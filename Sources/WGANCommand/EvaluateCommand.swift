// wgan evaluate

import ArgumentParser
import CommandSupport
import Configuration
import Evaluation
import WGAN

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Say how good a generator's pictures are, and whether it copies.",
    discussion: """
      Compares samples with pictures that the run has held out: the sliced Wasserstein distance at each scale, beside \
      what other real pictures get; near-duplicates; and how near samples are to training pictures. \
      docs/Evaluation.md says how to read the figures.
      """)

  @OptionGroup var source: GeneratorOptions

  @Flag(help: "Every checkpoint that --run has, the oldest first.")
  var all = false

  @Option(
    help: ArgumentHelp(
      """
      The real pictures: a folder, a zip or tar file, a CSV list, or 'synthetic'; several are taken together \
      (default: those of the run; of them, and of the same ones given here, the held-out part is compared with).
      """, valueName: "path"))
  var data: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where scaled pictures are kept; safe to delete (default: the run's, or ~/.cache/wgan).", valueName: "folder"))
  var cache: String?

  @Option(help: "How many samples at most: there must be as many real pictures to compare them with.")
  var count = 4096

  @Option(help: "Of the noise, the choice of pictures, the patches and directions (default: the run's own).")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      """
      A PNG of samples with their nearest training picture below each: the first 12, then the 12 that are nearest of \
      all; and below those the same of held-out pictures, which says what is normal; each row says what it is. - is \
      standard output.
      """, valueName: "file"))
  var neighbours: Output?

  @Option(
    help: ArgumentHelp(
      "With --all: an SVG of the distances over generator steps; - is standard output.", valueName: "file"))
  var plot: Output?

  @OptionGroup var result: ResultOptions

  @OptionGroup var replacing: ReplaceOption

  @OptionGroup var speed: ParameterOptions<ThreadsParameter>

  @OptionGroup(title: NetworkOptions.titleOfGenerators)
  var network: NetworkOptions

  func validate() throws {
    try source.validate(network)
    if all && (source.runPath == nil || source.checkpoint != nil) {
      throw ValidationError("--all is for every checkpoint of a run: give --run alone")
    }
    if all && neighbours != nil {
      throw ValidationError("--neighbours is of one generator, --all of several: give one of them")
    }
    if plot != nil && !all { throw ValidationError("--plot shows several checkpoints: give --all") }
    if neighbours?.isEmpty == true || plot?.isEmpty == true {
      throw ValidationError("--neighbours or --plot is empty: give a path")
    }
    try neighbours?.checkName("--neighbours", .png)
    try plot?.checkName("--plot", .svg)
    try replacing.check(files: neighbours, plot)
    try check("--count", count, in: 2...100_000)
    try result.check(("--neighbours", neighbours), ("--plot", plot))
  }

  func run() throws {
    let threads = speed[\.threads]
    if let threads { try RunParameters.declared.threads.check(threads) }
    try neighbours?.check(.png, replacing)
    try plot?.check(.svg, replacing)
    Interruption.watch()
    let (display, warnings) = (ProgressDisplay(), Warnings())
    let json = result.json
    let request = EvaluationRequest(
      generator: try source.source(network), live: source.liveGenerator, allCheckpoints: all, data: data, cache: cache,
      count: count, seed: seed,
      threads: threads)
    let evaluation: GeneratorEvaluation
    do {
      evaluation = try GeneratorEvaluation(
        request, report: { if json { warnings.append($0) } else { display.show($0) } },
        isCancelled: { Interruption.isRequested })
    } catch {
      display.clear()
      throw error
    }
    try Interruption.endsAtFirst()
    var judgements: [GeneratorJudgement] = []
    try evaluation.forEach(notice: { if json { warnings.append($0) } else { Console.note("wgan: \($0)") } }) {
      judgements.append($0)
    }
    if !json { try show(judgements, evaluation) }
    if let neighbours, let judgement = judgements.last {
      try evaluation.writeNeighbours(of: judgement, to: neighbours.path)
      if !neighbours.isStandardOutput && !json { try Console.print(EvaluationText.sheet(evaluation, neighbours.path)) }
    }
    if let plot {
      try evaluation.writePlot(of: judgements, to: plot.path)
      if !plot.isStandardOutput && !json { try Console.print("\n\(plot.path)") }
    }
    if json {
      var object = EvaluateResult(judgements, evaluation, warnings: warnings)
      (object.neighbours, object.plot) = (neighbours?.absolute, plot?.absolute)
      try result.write(object)
    }
  }

  private func show(_ judgements: [GeneratorJudgement], _ evaluation: GeneratorEvaluation) throws {
    if all {
      try Output.say(EvaluationText.table(of: judgements, evaluation), beside: plot)
    } else if let judgement = judgements.last {
      try Output.say(EvaluationText.text(of: judgement, evaluation), beside: neighbours)
    }
  }
}
