// The presets: whole configurations by name. Each is another one with some values changed; each flag of `wgan train`
// overrides one parameter. Where the references disagree is a table in docs/Presets.md.

import SystemSupport

extension TrainingConfiguration {
  /// Every preset, the default first.
  package static let presets: [TrainingConfiguration] = [.photos, .blog, .original, .paper, .fastai, .demo]

  /// What holds where nobody names a preset: the one whose pictures are the best (docs/Experiments.md).
  package static let defaultPreset = photos

  /// What presets were called in earlier versions.
  private static let formerNames = ["seed": "blog"]

  /// The name of this version.
  package static func presentName(ofPreset name: String) -> String { formerNames[name] ?? name }

  package static func preset(named name: String) throws(ConfigurationError) -> TrainingConfiguration {
    let present = presentName(ofPreset: name)
    if let preset = presets.first(where: { $0.preset == present }) { return preset }
    let names = presets.map(\.preset)
    let near = nearest(present, among: names).map { "did you mean \($0)? There are " } ?? "there are "
    throw ConfigurationError(
      presetName, "\(name.shortenedInTheMiddle) isn't known: \(near)\(names.joined(separator: ", "))")
  }

  static let presetName = ParameterName("preset")

  /// The blog post's run (reference: its WGAN_fit): blocks in the order convolution, activation, norm; PyTorch's
  /// initialisation; clipping before each of 5 critic steps; RMSprop 5e-5. Its values are the declared ones.
  package static let blog = TrainingConfiguration()

  /// The authors' own code (reference: main.py of martinarjovsky/WassersteinGAN): DCGAN's blocks and initialisation;
  /// 100 critic steps before each of the first 25 generator steps and before each 500th; samples with the batch's
  /// statistics.
  package static let original = blog.with("original") {
    $0.generatorExtra = .convolution
    $0.blockOrder = .convolutionNormActivation
    $0.initialisation = .dcgan
    $0.warmUpGeneratorSteps = 25
    $0.warmUpEvery = 500
    $0.criticNoiseBatch = .full
    $0.samplingStatistics = .batch
    $0.crop = .center
    $0.heldOut = 0
  }

  /// Algorithm 1 of the paper: clipping after the update, 5 critic steps always. What it leaves open is as in its
  /// authors' code.
  package static let paper = original.with("paper") {
    $0.clipTime = .afterUpdate
    $0.warmUpGeneratorSteps = 0
    $0.warmUpEvery = 0
  }

  /// The lesson that the blog post follows (reference: fast.ai's wgan notebook): the post's nets with an extra layer
  /// each, RMSprop 1e-4, 100 critic steps before each 500th generator step, the very first included.
  package static let fastai = blog.with("fastai") {
    $0.extraLayers = 1
    $0.learningRate = 1e-4
    $0.warmUpEvery = 500
  }

  /// Faces in three minutes on two cores, with clipping. The post's WGAN at half the size and half the width, with a
  /// faster learning rate; weight clipping and the critic's 5 steps stay, of small sets of pictures, too.
  package static let demo = blog.with("demo") {
    $0.size = 32
    $0.features = 32
    $0.batchSize = 32
    $0.phaseAtEpochEnd = .goesOn
    $0.learningRate = 2e-4
  }

  /// Pictures worth keeping from one's own photos: pairs of real and fake pictures, R1 and R2, and an averaged
  /// generator (Huang et al. 2024; what was tried is in docs/Experiments.md). The critic has half the post's width, and
  /// batches have half its pictures: on two cores a step counts more than a channel. A generator of the post's width
  /// costs little beside it, since a penalised critic is passed through twice as often.
  package static let photos = blog.with("photos") {
    $0.criticFeatures = 32
    $0.batchSize = 32
    $0.objective = .relativistic
    $0.criticNorm = false
    $0.criticSteps = 1
    $0.phaseAtEpochEnd = .goesOn
    $0.optimizer = .adam
    $0.adamBeta1 = 0
    $0.adamBeta2 = 0.99
    $0.learningRate = 8e-4
    $0.decay = .cosine
    $0.decayTo = 0.25
    $0.ema = 0.999
    $0.mirror = true
  }

  private func with(_ preset: String, _ change: (inout TrainingConfiguration) -> Void) -> TrainingConfiguration {
    var result = self
    result.preset = preset
    change(&result)
    return result
  }
}
