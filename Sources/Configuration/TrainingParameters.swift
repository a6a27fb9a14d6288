// Every parameter that decides what a run computes, once. From here come the flags of the tools, their help and their
// checks, config.json, the presets' table in docs/Presets.md, and the settings of the library (those that are public).
// docs/AddingAnOption.md says how to add one.

/// Everything that can be chosen of a GAN and of its training: each is a property of ``TrainingSettings``.
///
/// ```swift
/// var settings = TrainingSettings(.demo)
/// settings.batchSize = 8
/// ```
public struct TrainingParameters: ParameterSet {
  package static let declared = Declared(TrainingParameters())
  package static let defaultLabel = "preset"

  package static func defaultText(of declaration: some Declaration) -> String {
    declaration.value(in: TrainingConfiguration.defaultPreset.values).text
  }

  /// 4 * 2^k: the nets halve or double the grid from 4x4.
  package static let sizes = [16, 32, 64, 128, 256]
  private static let sizeList = sizes.map(String.init).joined(separator: ", ")

  /// The two that are nearest to a size that is none of them.
  private static func sizes(near size: Int) -> [Int] {
    // Far enough for any size, and nothing overflows.
    let size = min(max(size, 0), 1 << 20)
    return sizes.sorted { abs($0 - size) < abs($1 - size) }.prefix(2).sorted()
  }

  // MARK: - The nets

  /// The pictures' side in pixels: 16, 32, 64, 128 or 256.
  public let size = TrainingParameter(
    .nets, 64,
    Rule({
      let near = Self.sizes(near: $0).map(String.init).joined(separator: " and ")
      return "the nets halve the picture down to 4x4, so it must be one of \(Self.sizeList): the nearest are \(near)"
    }) { Self.sizes.contains($0) },
    earlier: .haveIt, help: "The pictures' side in pixels: \(Self.sizeList)")

  /// The pictures' channels: 1 (grey) or 3 (red, green, blue).
  public let channels = TrainingParameter(
    .nets, 3, Rule("must be 1 (grey) or 3 (colour)") { $0 == 1 || $0 == 3 }, earlier: .haveIt,
    help: "1 (grey) or 3 (colour)")

  /// What the critic is.
  public let criticNet = TrainingParameter(
    .nets, NetKind.dcgan, help: "The critic: dcgan, or mlp: four linear layers")

  /// What the generator is.
  public let generatorNet = TrainingParameter(.nets, NetKind.dcgan, help: "The generator: dcgan or mlp")

  /// Channels of the widest grid of both nets, width of an MLP, 1 to 1024. Reading gives the critic's.
  public let features = TrainingParameterGroup(
    .nets, \.criticFeatures, and: \.generatorFeatures,
    help: "How wide both nets are: channels of their widest grid, or of an mlp's layers")

  /// Channels of the critic's widest grid, width of an MLP, 1 to 1024.
  public let criticFeatures = TrainingParameter(
    .nets, 64, .within(1...1024), earlier: .callIt("features"), help: "The same of the critic alone")

  /// Channels of the generator's widest grid, width of an MLP, 1 to 1024.
  public let generatorFeatures = TrainingParameter(
    .nets, 64, .within(1...1024), earlier: .callIt("features"), help: "The same of the generator alone")

  /// Length of the noise vector that a picture is drawn from, 1 to 65,536.
  public let latent = TrainingParameter(
    .nets, 100, .within(1...65_536), earlier: .haveIt, help: "Length of the noise vector")

  /// 3x3 layers added to each DCGAN net, 0 to 32.
  public let extraLayers = TrainingParameter(
    .nets, 0, .within(0...32), earlier: .haveIt,
    effect: Effect(elseSay: "an mlp has no such layers", give: Self.someNetDCGAN) { configuration, count in
      count == 0 || configuration.criticNet == .dcgan || configuration.generatorNet == .dcgan
    },
    help: "3x3 layers added to each dcgan net")

  /// What the generator's extra layers are.
  public let generatorExtra = TrainingParameter(
    .nets, GeneratorExtra.transposed, valueName: "kind",
    effect: Effect(elseSay: "the generator has no extra layers", give: "\(\.extraLayers, 1)") {
      $0.extraLayers > 0 && $0.generatorNet == .dcgan
    },
    help: "The generator's: transposed or convolution")

  /// Whether a DCGAN critic has batch norm.
  public let criticNorm = TrainingParameter(
    .nets, true, flag: "critic-batch-norm",
    effect: Effect(elseSay: "an mlp has no batch norm anyway", give: "\(\.criticNet, .dcgan)") {
      $0.criticNet == .dcgan
    },
    help: "Batch norm in a dcgan critic")

  /// Whether a DCGAN generator has batch norm.
  public let generatorNorm = TrainingParameter(
    .nets, true, flag: "batch-norm",
    effect: Effect(elseSay: "an mlp has no batch norm anyway", give: "\(\.generatorNet, .dcgan)") {
      $0.generatorNet == .dcgan
    },
    help: "Batch norm in a dcgan generator")

  /// The order inside a block of a DCGAN net.
  public let blockOrder = TrainingParameter(
    .nets, BlockOrder.convolutionActivationNorm, earlier: .haveIt,
    effect: Effect(elseSay: "no net has batch norm", give: "\(on: \.generatorNorm)") {
      ($0.criticNet == .dcgan && $0.criticNorm) || ($0.generatorNet == .dcgan && $0.generatorNorm)
    },
    help: "Order in a block: conv-act-norm or conv-norm-act")

  /// How the nets' parameters start.
  public let initialisation = TrainingParameter(
    .steps, Initialisation.pytorch, valueName: "scheme", earlier: .haveIt,
    help: "First parameters as pytorch's, as pytorch-0.4's (gamma uniform) or as dcgan's")

  // MARK: - The steps

  /// Pictures in a batch, 1 to 65,536.
  public let batchSize = TrainingParameter(
    // One picture is enough for batch norm: its smallest grid, 4x4, gives 16 values per channel.
    .nets, 64, .within(1...65_536), earlier: .haveIt, help: "Pictures that a step learns from")

  /// Critic steps before a generator step, 1 to 1,000,000; see also ``warmUpCriticSteps``.
  public let criticSteps = TrainingParameter(
    .steps, 5, .within(1...1_000_000), earlier: .haveIt, help: "Critic steps before each generator step")

  /// Critic steps before a generator step of a warm-up phase, 1 to 1,000,000. There is one before each generator step
  /// below ``warmUpGeneratorSteps``, and before each multiple of ``warmUpEvery``.
  public let warmUpCriticSteps = TrainingParameter(
    .steps, 100, .within(1...1_000_000), earlier: .haveIt,
    effect: Effect(elseSay: "there is no warm-up phase", give: "\(\.warmUpGeneratorSteps) or \(\.warmUpEvery)") {
      $0.warmUpGeneratorSteps > 0 || $0.warmUpEvery > 0
    },
    help: "Critic steps in a warm-up phase, where there is one")

  /// So many first generator steps are preceded by a warm-up phase, 0 to 1,000,000,000.
  public let warmUpGeneratorSteps = TrainingParameter(
    .steps, 0, .within(0...1_000_000_000), earlier: .haveIt,
    help: "So many first generator steps are preceded by a warm-up phase")

  /// And so is each generator step that is a multiple of this, step 0 included, 0 (none) to 1,000,000,000.
  public let warmUpEvery = TrainingParameter(
    .steps, 0, .within(0...1_000_000_000), earlier: .haveIt,
    help: "And so is each generator step that is a multiple of this; 0: none")

  /// What becomes of a phase of critic steps when the pictures of an epoch end in the middle of it.
  public let phaseAtEpochEnd = TrainingParameter(
    .steps, PhaseAtEpochEnd.cut, valueName: "what",
    effect: Effect(elseSay: "a phase of one critic step has no middle", give: "\(\.criticSteps)") {
      $0.criticSteps > 1 || $0.warmUpGeneratorSteps > 0 || $0.warmUpEvery > 0
    },
    help: "A phase of critic steps at an epoch's end: cut, as the references do, or continue in the next epoch")

  /// What the critic's and the generator's steps minimise.
  public let objective = TrainingParameter(
    .steps, ObjectiveKind.wgan, help: "What to minimise: wgan (clipping), wgan-gp, wgan-r1r2 or relativistic")

  /// The weight of the penalty on the critic's gradient, 0 (none) or more: lambda of `wgan-gp`, gamma of `wgan-r1r2`
  /// and `relativistic`. `auto` is 10 for the first, and for the others 0.3 at 64x64, 8 times as much at twice the
  /// size; a file has the number.
  public let penaltyWeight = TrainingParameter(
    .steps, PenaltyWeight.auto, Rule("must be auto, or a finite number, 0 (no penalty) or more") { $0.isPossible },
    effect: Effect(elseSay: "nothing is penalised", give: "\(\.objective, .relativistic)") {
      $0.objective.isPenalised
    },
    help: "Weight of the penalty on the critic's gradient: auto (by the objective and the size) or a number")

  /// The critic's parameters, norms included, are kept within `-clip ... clip`; more than 0. Reading gives the upper
  /// bound.
  public let clip = TrainingParameterGroup(
    .steps, \.clipUpper, and: \.clipLower, help: "The critic's parameters stay within -clip ... clip"
  ) { -$0 }

  /// The lower bound of the critic's parameters, less than 0.
  public let clipLower = TrainingParameter(
    .steps, Float(-0.01),
    Rule("must be less than 0 (the references' is -0.01)") { $0 < 0 && $0.isFinite },
    earlier: .callIt("clip") { -$0 }, effect: Self.clippings, help: "The lower bound alone")

  /// The upper bound of the critic's parameters, more than 0.
  public let clipUpper = TrainingParameter(
    .steps, Float(0.01),
    Rule("must be more than 0 (the references' is 0.01)") { $0 > 0 && $0.isFinite },
    earlier: .callIt("clip"), effect: Self.clippings, help: "The upper bound alone")

  /// When the critic's parameters are clipped.
  public let clipTime = TrainingParameter(
    .steps, ClipTime.beforeStep, earlier: .haveIt,
    effect: Effect(elseSay: "nothing is clipped", give: "\(\.objective, .wgan)") { !$0.objective.isPenalised },
    help: "Clip before-step or after-update")

  /// How gradients change the parameters of both nets. Reading gives the critic's.
  public let optimizer = TrainingParameterGroup(
    .steps, \.criticOptimizer, and: \.generatorOptimizer, help: "How both nets' gradients become steps: rmsprop or adam"
  )

  /// How gradients change the critic's parameters.
  public let criticOptimizer = TrainingParameter(
    .steps, Optimizer.rmsprop, earlier: .callIt("optimizer"), help: "The same of the critic alone")

  /// How gradients change the generator's parameters.
  public let generatorOptimizer = TrainingParameter(
    .steps, Optimizer.rmsprop, earlier: .callIt("optimizer"), help: "The same of the generator alone")

  /// The learning rate of both nets, more than 0 and at most 1. Reading gives the critic's.
  public let learningRate = TrainingParameterGroup(
    .steps, \.criticLearningRate, and: \.generatorLearningRate, help: "How large the steps of both nets are")

  /// The critic's learning rate, more than 0 and at most 1.
  public let criticLearningRate = TrainingParameter(
    .steps, Float(5e-5), Self.aboveZeroToOne, earlier: .callIt("learningRate"), help: "The same of the critic alone")

  /// The generator's learning rate, more than 0 and at most 1.
  public let generatorLearningRate = TrainingParameter(
    .steps, Float(5e-5), Self.aboveZeroToOne, earlier: .callIt("learningRate"), help: "The same of the generator alone")

  /// Adam's decay of the mean in both nets, 0 or more and less than 1. Reading gives the critic's.
  public let adamBeta1 = TrainingParameterGroup(
    .steps, \.criticAdamBeta1, and: \.generatorAdamBeta1, effect: Self.adams, help: "Adam's decay of the mean")

  /// Adam's decay of the mean in the critic, 0 or more and less than 1.
  public let criticAdamBeta1 = TrainingParameter(
    .steps, 0.5, Self.zeroToBelowOne, earlier: .callIt("adamBeta1", else: 0.9), effect: Self.criticsAdam,
    help: "The same in the critic alone")

  /// Adam's decay of the mean in the generator, 0 or more and less than 1.
  public let generatorAdamBeta1 = TrainingParameter(
    .steps, 0.5, Self.zeroToBelowOne, earlier: .callIt("adamBeta1", else: 0.9), effect: Self.generatorsAdam,
    help: "The same in the generator alone")

  /// Adam's decay of the mean square in both nets, 0 or more and less than 1. Reading gives the critic's.
  public let adamBeta2 = TrainingParameterGroup(
    .steps, \.criticAdamBeta2, and: \.generatorAdamBeta2, effect: Self.adams, help: "Adam's decay of the mean square")

  /// Adam's decay of the mean square in the critic, 0 or more and less than 1.
  public let criticAdamBeta2 = TrainingParameter(
    .steps, 0.999, Self.zeroToBelowOne, earlier: .callIt("adamBeta2", else: 0.999), effect: Self.criticsAdam,
    help: "The same in the critic alone")

  /// Adam's decay of the mean square in the generator, 0 or more and less than 1.
  public let generatorAdamBeta2 = TrainingParameter(
    .steps, 0.999, Self.zeroToBelowOne, earlier: .callIt("adamBeta2", else: 0.999), effect: Self.generatorsAdam,
    help: "The same in the generator alone")

  /// How both learning rates fall over the run.
  public let decay = TrainingParameter(
    .steps, RateDecay.none, help: "How learning rates fall over the run: none, linear or cosine")

  /// The share of the learning rates that is left at the run's end, 0 to 1.
  public let decayTo = TrainingParameter(
    .steps, 0.0, Rule("must be from 0 to 1") { $0 >= 0 && $0 <= 1 },
    effect: Effect(elseSay: "learning rates stay as they are", give: "\(\.decay, .linear)") { $0.decay != .none },
    help: "The share of the learning rates that is left at the run's end")

  /// The share of the penalty's weight that is left at the run's end, 0 to 1; it falls as learning rates do. A critic
  /// that is held back firmly learns whole pictures first, one that is let go sharpens them (Huang et al. 2024).
  public let penaltyDecayTo = TrainingParameter(
    .steps, 1.0, Rule("must be from 0 to 1") { $0 >= 0 && $0 <= 1 },
    effect: Effect(
      elseSay: "there is no penalty whose weight falls", give: "\(\.objective, .relativistic) and \(\.decay, .cosine)"
    ) { $0.objective.isPenalised && $0.decay != .none },
    help: "The share of the penalty's weight that is left then; 1: all of it")

  /// How much of itself the averaged generator keeps in a generator step, 0 (there is none) or more and less than 1.
  /// Pictures are drawn by the averaged generator where there is one.
  public let ema = TrainingParameter(
    .steps, 0.0, Self.zeroToBelowOne, valueName: "share",
    help: "What the averaged generator, which draws the pictures, keeps of itself a step; 0: there is none")

  /// How many fake pictures a critic step sees beside an epoch's short last batch.
  public let criticNoiseBatch = TrainingParameter(
    .steps, CriticNoiseBatch.sizeOfRealBatch, valueName: "size", earlier: .haveIt,
    help: "Fake pictures beside an epoch's short last batch: real (as many) or full")

  /// The statistics that batch norm uses at sampling.
  public let samplingStatistics = TrainingParameter(
    .steps, SamplingStatistics.running, valueName: "kind", earlier: .haveIt,
    effect: Effect(elseSay: "the generator has no batch norm", give: "\(on: \.generatorNorm)") {
      $0.generatorNet == .dcgan && $0.generatorNorm
    },
    help: "Batch norm at sampling: running or batch")

  /// Of all random numbers: first parameters, noise, the pictures' order, crops. The same seed and pictures give the
  /// same bits, whatever the number of threads.
  public let seed = TrainingParameter(
    .steps, UInt64(42), earlier: .haveIt, help: "Begins all random numbers: the same seed gives the same run")

  /// How convolutions are computed: a fast method gives other bits than the direct one.
  public let algorithm = TrainingParameter(
    .steps, AlgorithmChoice.auto, earlier: .mean(.direct),
    effect: Effect(elseSay: "no net has convolutions", give: Self.someNetDCGAN) {
      $0.criticNet == .dcgan || $0.generatorNet == .dcgan
    },
    help: "How to convolve: auto (fast where it is faster), direct, or winograd (fast wherever there is a fast method)")

  /// What the convolutions between a net's first and last layers multiply: bf16 is faster and rounds more. Sums,
  /// activations, gradients and parameters are fp32. The processor must have AVX512_BF16.
  public let precision = TrainingParameter(
    .steps, Precision.float32,
    effect: Effect(elseSay: "linear layers multiply fp32", give: Self.someNetDCGAN) {
      $0.criticNet == .dcgan || $0.generatorNet == .dcgan
    },
    help: "What the middle convolutions multiply: fp32, or bf16 (faster; the processor must have AVX512_BF16)")

  /// What is changed at random of each picture, real and fake, before the critic sees it: for data sets of few
  /// pictures, which a critic would soon know by heart.
  public let augment = TrainingParameter(
    .steps, Augmentations.none, valueName: "kinds",
    help: "Change what the critic sees at random: color,translate,cutout, some of these, or none")

  // MARK: - The pictures

  /// How pictures that aren't square fill their square. (A program chooses that where it reads them, and which pictures
  /// there are: these are the tool's alone.)
  package let fit = TrainingParameter(
    .pictures, Fit.crop, help: "Make pictures square: crop, pad (in the border's colour) or stretch them")

  /// Where pictures are cropped that aren't square.
  public let crop = TrainingParameter(
    .pictures, Crop.random, earlier: .haveIt,
    effect: Effect(elseSay: "nothing is cropped", give: "\(\.fit, .crop)") { $0.fit == .crop },
    help: "Crop random (another place each epoch), center, top or bottom")

  package let cropAt = TrainingParameterGroup(
    .pictures, \.crop, and: \.crop, help: "The same as --crop: top, center or bottom")

  /// Whether half of the pictures, drawn anew each epoch, are shown with left and right exchanged.
  public let mirror = TrainingParameter(
    .pictures, false, help: "Mirror half of the training pictures, drawn anew each epoch")

  // A program chooses its pictures itself: this one is the tool's alone.

  package let fraction = TrainingParameter(
    .pictures, 1.0, Rule("must be more than 0, and 1 (all pictures) at most") { $0 > 0 && $0 <= 1 },
    earlier: .haveIt, help: "The share of the pictures to use")

  /// The share of the pictures that are kept from training, 0 (none) or more and less than 1: what the critic is tested
  /// on while it trains, and samples may be compared with.
  public let heldOut = TrainingParameter(
    .pictures, 0.2, Rule("must be 0 (none) or more, and less than 1") { $0 >= 0 && $0 < 1 }, earlier: .haveIt,
    help: "The share of these kept from training")

  // MARK: - What several have

  private static var someNetDCGAN: Sentence { "\(\.criticNet, .dcgan) or \(\.generatorNet, .dcgan)" }
  private static let aboveZeroToOne = Rule<Float>("must be more than 0, and 1 at most") { $0 > 0 && $0 <= 1 }
  private static let zeroToBelowOne = Rule<Double>("must be 0 or more, and less than 1") { $0 >= 0 && $0 < 1 }
  private static let clippings = Effect<Float>(elseSay: "nothing is clipped", give: "\(\.objective, .wgan)") {
    !$0.objective.isPenalised
  }
  private static let adams = Effect<Double>(elseSay: "it is Adam's", give: "\(\.optimizer, .adam)") {
    $0.criticOptimizer == .adam || $0.generatorOptimizer == .adam
  }
  private static let criticsAdam = Effect<Double>(elseSay: "it is Adam's", give: "\(\.criticOptimizer, .adam)") {
    $0.criticOptimizer == .adam
  }
  private static let generatorsAdam = Effect<Double>(
    elseSay: "it is Adam's", give: "\(\.generatorOptimizer, .adam)"
  ) {
    $0.generatorOptimizer == .adam
  }
}
