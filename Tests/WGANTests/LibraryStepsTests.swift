import SystemSupport
import TestSupport
import Testing
import WGAN

/// Protects: the sequence's steps are the closure's, nothing runs ahead of who asks, and however it ends the GAN is
/// whole and goes on.
@Suite struct LibraryStepsTests {
  private func state(_ gan: WassersteinGAN) throws -> [UInt8] {
    try inTemporaryFolder { folder in
      try gan.save(to: folder / "state.safetensors")
      return try readFile(folder / "state.safetensors")
    }
  }

  private func whole() throws -> (steps: [TrainingStep], state: [UInt8]) {
    let gan = try WassersteinGAN(LibraryTests.settings)
    var steps: [TrainingStep] = []
    try gan.train(on: LibraryTests.pictures(), generatorSteps: 4) { step in
      steps.append(step)
      return .proceed
    }
    return (steps, try state(gan))
  }

  @Test func itsStepsAreTheClosures() async throws {
    let (expected, end) = try whole()
    let gan = try WassersteinGAN(LibraryTests.settings)
    var steps: [TrainingStep] = []
    for try await step in gan.steps(on: try LibraryTests.pictures(), generatorSteps: 4) {
      steps.append(step)
      // Nothing has run ahead: the GAN is where the step says, and may be looked at.
      #expect(gan.criticStepsDone == step.criticStepsDone && gan.generatorStepsDone == step.generatorStepsDone)
      if steps.count == 5 {
        try await Task.sleep(for: .milliseconds(50))
        #expect(gan.criticStepsDone == step.criticStepsDone)
        #expect(try gan.sample(count: 1).count == 1)
      }
    }
    #expect(steps == expected)
    #expect(try state(gan) == end)
  }

  /// Left after any step, and gone on with by another loop or the closure.
  @Test(arguments: [1, 3, 4, 7, 9]) func aLoopThatIsLeftEndsIt(count: Int) async throws {
    let (expected, end) = try whole()
    let (gan, pictures) = (try WassersteinGAN(LibraryTests.settings), try LibraryTests.pictures())
    var steps: [TrainingStep] = []
    for try await step in gan.steps(on: pictures, generatorSteps: 4) {
      steps.append(step)
      if steps.count == count { break }
    }
    #expect(gan.criticStepsDone == steps.last?.criticStepsDone)
    for try await step in gan.steps(on: pictures, generatorSteps: 4 - gan.generatorStepsDone, outOf: 4) {
      steps.append(step)
      if steps.count == count + 2 { break }
    }
    try gan.train(on: pictures, generatorSteps: 4 - gan.generatorStepsDone) { step in
      steps.append(step)
      return .proceed
    }
    #expect(steps == expected)
    #expect(try state(gan) == end)
  }

  /// The GAN is the task's, which gives back its state: where it stood and after going on from there.
  @Test func aTaskThatIsCancelledEndsIt() async throws {
    let (_, end) = try whole()
    let pictures = try LibraryTests.pictures()
    let task = Task { () throws -> (Int, [UInt8]) in
      let gan = try WassersteinGAN(LibraryTests.settings)
      var count = 0
      await #expect(throws: CancellationError.self) {
        for try await _ in gan.steps(on: pictures, generatorSteps: 4) {
          count += 1
          if count == 5 { withUnsafeCurrentTask { $0?.cancel() } }
        }
      }
      try gan.train(on: pictures, generatorSteps: 4 - gan.generatorStepsDone)
      return (count, try state(gan))
    }
    let (count, bytes) = try await task.value
    #expect(count == 5)
    #expect(bytes == end)
  }

  @Test func aTaskThatWasCancelledBeforeTrainsNothing() async throws {
    let pictures = try LibraryTests.pictures()
    let task = Task { () throws -> Int in
      withUnsafeCurrentTask { $0?.cancel() }
      let gan = try WassersteinGAN(LibraryTests.settings)
      await #expect(throws: CancellationError.self) {
        for try await _ in gan.steps(on: pictures, generatorSteps: 4) {}
      }
      return gan.criticStepsDone
    }
    #expect(try await task.value <= 1)
  }

  @MainActor @Test func errorsComeOutOfIt() async throws {
    let gan = try WassersteinGAN(LibraryTests.settings)
    let error = await #expect(throws: WGANError.self) {
      for try await _ in gan.steps(on: [], generatorSteps: 4) {}
    }
    #expect(error?.kind == .invalidPictures)
    let pictures = try LibraryTests.pictures()
    // While it trains nobody else may.
    var iterator = gan.steps(on: pictures, generatorSteps: 1).makeAsyncIterator()
    _ = try await iterator.next()
    #expect(throws: WGANError.self) { try gan.train(on: pictures, generatorSteps: 1) }
    while try await iterator.next() != nil {}
    #expect(try await iterator.next() == nil)
    #expect(gan.generatorStepsDone == 1)
  }
}
