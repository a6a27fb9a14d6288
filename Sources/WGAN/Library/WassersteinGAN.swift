// The library: a critic and a generator that a program trains on its own pictures, samples, saves and loads.

import Compute
import Configuration
import Datasets
import Graph
import SystemSupport
import TensorFiles
import Training

/// A Wasserstein GAN: a critic and a generator in training.
///
/// The same settings, pictures and numbers of steps give the same bits, whatever the number of threads, however the
/// steps are divided among calls of ``train(on:generatorSteps:outOf:onStep:)``, and however often the GAN was saved and
/// loaded between them. (Processors with fused multiply-add agree with each other; one without rounds differently.
/// Learning rates that decay need to know the whole: say `outOf`.)
///
/// A step computes on several threads, but calls are made one at a time: the class isn't `Sendable`. Keep it in an
/// actor, or send it from one task to another. All memory that steps need is taken when the GAN is made.
///
/// The environment variable `WGAN_ISA` (portable, avx2 or avx512) chooses the instruction set, otherwise the best there
/// is.
public final class WassersteinGAN {
  /// What the nets are and how they train.
  public let settings: TrainingSettings
  /// How many threads a step computes with.
  public let threads: Int

  /// Critic steps since the GAN was made, in all parts of its life.
  public var criticStepsDone: Int { state.position.criticSteps }
  /// Generator steps since the GAN was made, in all parts of its life.
  public var generatorStepsDone: Int { state.position.generatorSteps }
  /// Whole passes over the pictures since the GAN was made, in all parts of its life.
  public var epochsDone: Int { state.position.epoch }

  let device: Device
  private let engine: Trainer
  /// What isn't in the engine's tensors, true after each step. Nobody counts seconds here, so equal states are equal
  /// files.
  private var state: CheckpointState
  private var isTraining = false
  /// Of the last `TrainingSteps`: its thread may still be letting go.
  private var exchange: StepExchange?
  /// The generator that samples, and the group of the trained tensors of now that it has.
  private var sampler: Sampler?
  private var samplerGroup: String?

  // MARK: - Making one

  /// Makes a GAN that hasn't learned anything yet. Its first parameters are a function of the settings' seed.
  ///
  /// - Parameters:
  ///   - settings: What the nets are and how they train.
  ///   - threads: How many threads to compute with, 1 to 1024; nil for as many as there are cores. Changes no result.
  /// - Throws: ``WGANError`` of kind `invalidSettings`, also where the machine hasn't the memory; of kind
  ///   `invalidArgument` for an impossible number of threads.
  public convenience init(_ settings: TrainingSettings, threads: Int? = nil) throws(WGANError) {
    let start = CheckpointState(
      position: RunPosition(), seconds: 0, picturesPerEpoch: 0, dataFingerprint: "",
      criticLosses: .none)
    try self.init(settings, state: start, threads: threads)
  }

  private init(_ settings: TrainingSettings, state: CheckpointState, threads: Int?) throws(WGANError) {
    let threads = threads ?? Device.coreCount
    try checkThreads(threads)
    try settings.validate()
    (device, engine) = try withPublicErrors {
      let device = try Device.fromEnvironment(threads: threads)
      let plan = try TrainingPlan(settings.configuration, on: device)
      try plan.checkMemory(on: device)
      return (device, Trainer(plan, on: device))
    }
    self.settings = settings
    self.threads = threads
    self.state = state
  }

  // MARK: - Training

  /// Trains until `generatorSteps` more generator steps are done, each after the critic steps that the settings ask
  /// for.
  ///
  /// Each batch holds pictures of a random order, all of them in an epoch; an epoch's last batch may be short. Training
  /// goes on where the last call stopped, in the middle of an epoch too. It does so to the last bit if the pictures are
  /// the same ones in the same order; a call with another number of pictures begins a new epoch.
  ///
  /// - Parameters:
  ///   - pictures: At least one that isn't held out (``heldOutPictures(of:)``). Each has the settings' channels, and
  ///     its short side has the settings' size (``Bitmap/scaled(toShortSide:)``); what isn't square is cropped.
  ///   - generatorSteps: 0 to 1,000,000,000.
  ///   - runSteps: The generator steps of the whole training, those that are done and those of later calls included:
  ///     at its end learning rates that decay (``TrainingParameters/decay``) have what is left of them. nil: this call
  ///     ends it.
  ///   - onStep: Called after each critic and generator step, on the thread that called `train`. It may sample and save
  ///     the GAN. What it answers decides whether training goes on; an error that it throws ends training after this
  ///     step and is thrown on.
  /// - Throws: ``WGANError`` of kind `invalidPictures` or `invalidArgument`, before the first step; what `onStep`
  ///   throws. The GAN is as good as before. Of kind `diverged` after a step that has left a number that isn't finite;
  ///   the line names the tensor. Such a GAN trains, samples and saves no more: load a file that was saved before, or
  ///   begin again with lower learning rates.
  /// - Complexity: Besides the steps O(`pictures.count`) for the call and for each epoch; the pictures aren't copied.
  public func train(
    on pictures: [Bitmap], generatorSteps: Int, outOf runSteps: Int? = nil,
    onStep: (TrainingStep) throws -> StepDecision = { _ in .proceed }
  ) throws {
    if isTraining {
      throw WGANError(.invalidArgument, "train was called while it trains already: let that end first")
    }
    try refuseDiverged()
    guard 0...1_000_000_000 ~= generatorSteps else {
      throw WGANError(.invalidArgument, "\(generatorSteps) generator steps: must be from 0 to 1000000000")
    }
    let end = generatorStepsDone + generatorSteps
    if let runSteps, runSteps < end {
      throw WGANError(
        .invalidArgument, "\(end) generator steps out of \(runSteps): the whole can't have fewer than its parts")
    }
    try check(pictures)
    let (pictures, heldOut) = split(pictures)
    if pictures.isEmpty {
      throw WGANError(
        .invalidPictures,
        "all \(heldOut.count) pictures are held out: lower the settings' heldOut (\(settings.heldOut)), or give more")
    }
    engine.generatorStepsOfRun = runSteps ?? end
    let schedule = Schedule(
      settings.configuration, picturesPerEpoch: pictures.count, length: .generatorSteps(end))
    let position = state.position
    if state.picturesPerEpoch != pictures.count || position.batch > schedule.batchesPerEpoch {
      state.position = schedule.withOtherPictures(at: position)
      state.picturesPerEpoch = pictures.count
    }
    isTraining = true
    defer { isTraining = false }
    var (isStopped, failure) = (false, (any Error)?.none)
    let loop = TrainingLoop(
      schedule: schedule, start: state.trainingState, heldOut: HeldOutPictures(heldOut, settings.configuration),
      evaluateEvery: RunParameters.declared.evaluateEvery.value)
    let batches = BitmapBatches(pictures, schedule, from: state.position)
    func report(_ event: TrainingEvent) {
      let (step, progress): (TrainingStep, TrainingProgress)
      switch event {
      case .step(let now):
        (step, progress) = (TrainingStep(.critic, at: now.position, now.criticLosses), now)
      case .metrics(let row, let now):
        step = TrainingStep(
          .generator, at: now.position, now.criticLosses, generatorLoss: row.generatorLoss, heldOut: row.heldOutLosses)
        progress = now
      case .epochEnded, .gallerySaved, .checkpointSaved, .advice, .verdict: return
      }
      state = state.following(
        TrainingState(position: progress.position, seconds: state.seconds, criticLosses: progress.criticLosses))
      samplerGroup = nil
      do {
        isStopped = try onStep(step) == .stop
      } catch {
        (isStopped, failure) = (true, error)
      }
    }
    do {
      _ = try loop.run(engine: engine, batches: batches, shouldStop: { isStopped }, report: report)
    } catch let divergence as Divergence {
      throw WGANError(divergence)
    }
    if let failure { throw failure }
  }

  /// The pictures that ``train(on:generatorSteps:outOf:onStep:)`` keeps from training, in their order: to compare with,
  /// see ``distance(to:seed:live:)``.
  ///
  /// Which ones is decided by the settings' seed and by each picture's place: those of an array that goes on are the
  /// same and more.
  ///
  /// - Parameter pictures: As `train` takes them.
  /// - Complexity: O(`pictures.count`); none is copied.
  public func heldOutPictures(of pictures: [Bitmap]) -> [Bitmap] { split(pictures).heldOut }

  private func split(_ pictures: [Bitmap]) -> (trained: [Bitmap], heldOut: [Bitmap]) {
    if settings.heldOut == 0 { return (pictures, []) }
    let isHeldOut = pictures.indices.map {
      Selection.includes(FilePath("\($0)"), share: settings.heldOut, seed: settings.seed, purpose: .heldOut)
    }
    func those(_ wanted: Bool) -> [Bitmap] { zip(pictures, isHeldOut).filter { $1 == wanted }.map(\.0) }
    return (those(false), those(true))
  }

  /// What a step has ruined is neither trained nor shown nor saved.
  private func refuseDiverged() throws(WGANError) {
    if let divergence = engine.divergence { throw WGANError(divergence) }
  }

  /// Steps on another thread begin: those of before have let go of the GAN then.
  func stepsBegin(_ exchange: StepExchange) {
    if let before = self.exchange, before.isOver { before.finish() }
    self.exchange = exchange
  }

  func check(_ pictures: [Bitmap]) throws(WGANError) {
    if pictures.isEmpty { throw WGANError(.invalidPictures, "no pictures to train on: there must be at least one") }
    for (i, picture) in pictures.enumerated() {
      guard picture.channels == settings.channels else {
        throw WGANError(
          .invalidPictures,
          "picture \(i) has \(picture.channels) channels, the settings' channels are \(settings.channels): "
            + "convert it, see Bitmap.converted(toChannels:)")
      }
      guard min(picture.width, picture.height) == settings.size else {
        throw WGANError(
          .invalidPictures,
          "picture \(i) has \(picture.width)x\(picture.height) pixels, its short side must be the settings' size, "
            + "\(settings.size): scale it, see Bitmap.scaled(toShortSide:)")
      }
    }
  }

  // MARK: - Sampling

  /// Draws pictures `first ..< first + count` of a series, `size` x `size` pixels each.
  ///
  /// Picture *i* depends on the state of training, the seed and *i* alone: it doesn't matter which others are drawn
  /// with it. These are the pictures that `wgan generate --checkpoint FILE --seed SEED` draws from the same state.
  ///
  /// - Parameters:
  ///   - count: 0 or more.
  ///   - first: The number of the first one, 0 or more.
  ///   - seed: Of the noise; nil for the settings' own.
  ///   - live: Draw with the generator as it trains, where there is an averaged one too (``TrainingParameters/ema``).
  /// - Throws: ``WGANError`` of kind `invalidArgument`, or `diverged` after training that was.
  /// - Complexity: O(`count`); the first call after a step copies the generator, too.
  public func sample(
    count: Int, from first: Int = 0, seed: UInt64? = nil, live: Bool = false
  ) throws(WGANError) -> [Bitmap] {
    try checkSeries(count, first)
    let sampler = try currentSampler(of: settings.configuration.group(of: .generator, live: live))
    return sampler.pictures(.series(seed: seed ?? settings.seed, first..<first + count)).map(Bitmap.init)
  }

  /// Draws one picture of each latent vector, in their order.
  ///
  /// A picture depends on the state of training and on its vector alone. Where the settings' ``SamplingStatistics`` are
  /// those of the batch, it is drawn among pictures of the settings' own seed, always the same ones.
  ///
  /// ```swift
  /// let faces = gan.latents(seeds: [1, 5, 9])
  /// let film = try gan.sample(latents: LatentVector.walk(through: faces, frames: 60))
  /// ```
  ///
  /// - Parameters:
  ///   - latents: Of as many numbers as ``TrainingParameters/latent`` says.
  ///   - live: Draw with the generator as it trains, where there is an averaged one too (``TrainingParameters/ema``).
  /// - Throws: ``WGANError`` of kind `invalidArgument` for a vector of another length, or with a number that isn't from
  ///   -1,000,000 to 1,000,000; of kind `diverged` after training that was.
  /// - Complexity: O(`latents.count`); the first call after a step copies the generator, too.
  public func sample(latents: [LatentVector], live: Bool = false) throws(WGANError) -> [Bitmap] {
    let choice = PictureChoice.latents(latents)
    do {
      try choice.check(latent: settings.latent)
    } catch {
      throw WGANError(.invalidArgument, error.description)
    }
    let sampler = try currentSampler(of: settings.configuration.group(of: .generator, live: live))
    return sampler.pictures(choice).map(Bitmap.init)
  }

  /// The generator's main directions in the latent space, as it is now: the principal components of its first layer's
  /// output (Härkönen et al., "GANSpace", NeurIPS 2020), that of the greatest share first.
  ///
  /// There are as many as a latent vector has numbers, each at right angles to the others. The first layer is linear,
  /// so they are computed from its weights, exactly, and nothing is drawn. The same weights give the same bits.
  ///
  /// - Parameter live: Of the generator as it trains, where there is an averaged one too.
  /// - Throws: ``WGANError`` of kind `diverged` after training that was.
  /// - Complexity: O(n^3 + n^2 m) for n numbers of a vector and m outputs of the first layer, on one thread.
  public func directions(live: Bool = false) throws(WGANError) -> [LatentDirection] {
    let sampler = try currentSampler(of: settings.configuration.group(of: .generator, live: live))
    return try withPublicErrors { try sampler.directions() }
  }

  private func currentSampler(of group: String) throws(WGANError) -> Sampler {
    try refuseDiverged()
    return try withPublicErrors {
      if let sampler, samplerGroup == group { return sampler }
      let tensors = engine.tensors(groups: [group])
      let current = try sampler ?? Sampler(settings.configuration, tensors: tensors, group: group, on: device)
      try current.update(tensors, group: group)
      (sampler, samplerGroup) = (current, group)
      return current
    }
  }

  // MARK: - Files

  /// Of the state as it is now.
  var provenance: Provenance {
    Provenance(
      configuration: settings.configuration, generatorSteps: generatorStepsDone, criticSteps: criticStepsDone)
  }

  /// The parameters and running statistics of a net as it is now, under its own names.
  func tensors(of role: NetRole, live: Bool) throws(WGANError) -> TensorSet {
    try refuseDiverged()
    return try withPublicErrors {
      let group = settings.configuration.group(of: role, live: live)
      let parameters = ParameterTable(try settings.configuration.network(role).fused())
      return try parameters.tensors(of: group, in: engine.tensors(groups: [group]))
    }
  }

  /// Saves all of the state as one safetensors file: a checkpoint as `wgan train` writes them, with what is in the JSON
  /// file beside those in its metadata.
  ///
  /// The tool reads it, too: `wgan generate --checkpoint FILE`. Parameters have PyTorch's names and layouts.
  ///
  /// - Parameter path: The file's. What was there before is replaced once the new file is whole and on disk.
  /// - Throws: ``WGANError`` of kind `cannotCreateFile` or `inputOutput`, or `diverged` after training that was; what
  ///   was there before still is.
  public func save(to path: String) throws(WGANError) {
    try refuseDiverged()
    try withPublicErrors {
      try Checkpoint.write(state, tensors: engine.tensors(), configuration: settings.configuration, to: path)
    }
  }

  /// Loads what `save(to:)` or `wgan train` has saved: a file, or of a run's folder the newest checkpoint. Training
  /// goes on from there as if it had never stopped.
  ///
  /// The tool keeps a part of the state beside each `checkpoints/000500.safetensors`: `000500.json` must lie in the
  /// same folder. To go on to the last bit, train on that run's training pictures, scaled, in the order of its data
  /// set.
  ///
  /// - Parameters:
  ///   - path: The safetensors file's, or the run's folder's.
  ///   - threads: How many threads to compute with, 1 to 1024; nil for as many as there are cores. Changes no result.
  /// - Throws: ``WGANError`` of kind `fileNotFound`, `inputOutput` or `invalidFile`; of kind `invalidSettings` where
  ///   the machine hasn't the memory; of kind `invalidArgument` for an impossible number of threads.
  public convenience init(contentsOf path: String, threads: Int? = nil) throws(WGANError) {
    let (checkpoint, state) = try withPublicErrors {
      if isFolder(path) {
        let newest = try CheckpointSource.newest(ofRun: path, notice: { _ in })
        return (newest.checkpoint, newest.state)
      }
      let checkpoint = try Checkpoint(at: path)
      return (checkpoint, try checkpoint.state())
    }
    let configuration = checkpoint.provenance.configuration
    // A program's own states know of no data set.
    let heldOut = state.dataFingerprint.isEmpty ? configuration.heldOut : 0
    try self.init(
      TrainingSettings(configuration: configuration, heldOut: heldOut), state: state, threads: threads)
    let position = state.position
    do {
      try engine.restore(
        checkpoint.tensors, criticSteps: position.criticSteps, generatorSteps: position.generatorSteps)
    } catch {
      throw WGANError(.invalidFile, "\(path): \(error)")
    }
    engine.rateHalvings = state.rollbacks?.count ?? 0
  }
}

func checkThreads(_ threads: Int?) throws(WGANError) {
  guard 1...1024 ~= threads ?? 1 else {
    throw WGANError(.invalidArgument, "\(threads ?? 1) threads: must be from 1 to 1024")
  }
}

func checkSeries(_ count: Int, _ first: Int) throws(WGANError) {
  let limit = 1 << 48
  guard 0...limit ~= count, 0...limit ~= first else {
    throw WGANError(
      .invalidArgument, "\(count) pictures from number \(first) on: both must be 0 or more, and 2^48 at most")
  }
}
