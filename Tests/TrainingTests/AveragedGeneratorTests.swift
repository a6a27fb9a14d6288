import Compute
import Configuration
import ReferenceKernels
import TensorFiles
import Testing
import Training

/// Protects: the averaged generator is the average it is said to be, statistics included, whatever the threads and
/// wherever the run was cut; and training doesn't notice it.
@Suite struct AveragedGeneratorTests {
  static func trainer(
    threads: Int = 1, ranks: OneRank? = nil, _ change: (inout TrainingConfiguration) -> Void = { $0.ema = 0.75 }
  ) throws -> Trainer {
    var configuration = TrainerTests.configuration
    configuration.learningRate = 1e-2
    change(&configuration)
    return try Trainer(configuration, on: Device(threads: threads).joined(to: ranks))
  }

  func step(_ trainer: Trainer, _ count: Int = 1) {
    for _ in 0..<count {
      TrainerTests().criticStep(trainer)
      _ = trainer.generatorStep()
    }
  }

  func values(_ trainer: Trainer, _ group: String) -> [(name: Substring, values: [Float])] {
    trainer.tensors(groups: [group]).map { ($0.name.dropFirst(group.count), $0.values) }
  }

  /// Oracle: the formula in Double, value by value, over what the live generator was after each step. beta is reached
  /// after 26 steps; critic steps move the live generator's statistics and not the averages'.
  @Test func itIsTheAverage() throws {
    let trainer = try Self.trainer()
    let names = values(trainer, "generator").map(\.name)
    #expect(values(trainer, "generator_ema").map(\.name) == names)
    #expect(names.contains { $0.hasSuffix("running_mean") } && names.contains { $0.hasSuffix("running_var") })
    var expected = values(trainer, "generator").map { $0.values.map(Double.init) }
    for number in 1...30 {
      step(trainer)
      for (i, live) in values(trainer, "generator").enumerated() {
        referenceAverage(&expected[i], live.values.map(Double.init), beta: 0.75, update: number)
      }
      let actual = values(trainer, "generator_ema")
      for (tensor, reference) in zip(actual, expected) {
        let worst = zip(tensor.values, reference).map { abs(Double($0) - $1) / max(1, abs($1)) }.max() ?? 1
        #expect(worst <= 1e-6, "step \(number) \(tensor.name)")
      }
    }
    let pairs = zip(values(trainer, "generator"), values(trainer, "generator_ema"))
    #expect(pairs.allSatisfy { $0.values != $1.values })
  }

  /// A generator that stays has itself as its average, to the last bit.
  @Test func theAverageOfTheSameIsTheSame() throws {
    let withoutGradients = OneRank { $0.update(repeating: 0) }
    let trainer = try Self.trainer(ranks: withoutGradients) { ($0.ema, $0.generatorNorm) = (0.999, false) }
    step(trainer, 5)
    #expect(zip(values(trainer, "generator"), values(trainer, "generator_ema")).allSatisfy { $0.values == $1.values })
  }

  /// The rest of the state is that of a run without an average.
  @Test func trainingDoesNotNotice() throws {
    let (plain, averaged) = try (Self.trainer { $0.ema = 0 }, Self.trainer())
    for trainer in [plain, averaged] { step(trainer, 4) }
    let all = averaged.tensors()
    #expect(TensorSet(all.filter { !$0.name.hasPrefix("generator_ema.") }) == plain.tensors())
    #expect(all.contains { $0.name == "generator_ema.final.weight" })
    #expect(plain.tensors(groups: ["generator_ema"]).isEmpty)
  }

  /// In two parts, on other threads: the same bits. The warm-up goes on by the steps done.
  @Test(arguments: [0, 1, 3]) func aStateGoesOnExactly(first: Int) throws {
    let (whole, before, after) = try (Self.trainer(), Self.trainer(threads: 2), Self.trainer(threads: 3))
    step(whole, 4)
    step(before, first)
    try after.restore(
      before.tensors(), criticSteps: before.criticStepsDone, generatorSteps: before.generatorStepsDone)
    step(after, 4 - first)
    #expect(after.tensors() == whole.tensors())
  }

  /// A net from a file begins both; a critic alone leaves the average be.
  @Test func aGivenGeneratorBeginsBoth() throws {
    let (trained, other) = try (Self.trainer(), Self.trainer { ($0.ema, $0.seed) = (0.75, 7) })
    step(trained, 3)
    step(other, 1)
    let average = values(other, "generator_ema").map(\.values)
    try other.setNets([.critic], from: trained.tensors())
    #expect(values(other, "generator_ema").map(\.values) == average)
    try other.setNets([.generator], from: trained.tensors())
    for group in ["generator", "generator_ema"] {
      #expect(values(other, group).map(\.values) == values(trained, "generator").map(\.values))
    }
  }

  /// Its memory is planned: the generator's parameters and statistics once more.
  @Test func itsMemoryIsCounted() throws {
    let (plain, averaged) = try (Self.trainer { $0.ema = 0 }.plan, Self.trainer().plan)
    let numbers = averaged.generator.parameters
    #expect(averaged.bytes - plain.bytes == 4 * (numbers.parameterSlabCount + numbers.bufferSlabCount))
    #expect(averaged.averageBytes == averaged.bytes - plain.bytes && plain.averageBytes == 0)
  }
}
