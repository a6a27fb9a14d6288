import Compute
import Configuration
import Graph
import SystemSupport
import TensorFiles
import Testing
import Training

/// Protects: what the trainer keeps to itself, whatever the objective: state by name, the hook between gradients and
/// update, the count of the passes.
@Suite struct TrainerTests {
  static let configuration: TrainingConfiguration = {
    var configuration = TrainingConfiguration.blog
    configuration.size = 16
    configuration.features = 4
    configuration.latent = 5
    configuration.batchSize = 3
    return configuration
  }()

  func trainer(_ change: (inout TrainingConfiguration) -> Void = { _ in }) throws -> Trainer {
    var configuration = Self.configuration
    change(&configuration)
    return try Trainer(configuration, on: Device(threads: 1))
  }

  func criticStep(_ trainer: Trainer) {
    let c = trainer.configuration
    let pixels = (0..<c.batchSize * c.size * c.size * c.channels).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    _ = pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: c.batchSize) }
  }

  /// What the ranks' sums of gradients are is what moves the parameters.
  @Test func sumsOverRanksStandBetweenGradientsAndUpdate() throws {
    let plain = try trainer()
    let ranks = OneRank { $0.update(repeating: 0) }
    let reduced = try Trainer(Self.configuration, on: Device(threads: 1).joined(to: ranks))
    let before = reduced.tensors(groups: ["generator"]).filter { !$0.name.contains(".running_") }
    for trainer in [plain, reduced] {
      criticStep(trainer)
      _ = trainer.generatorStep()
    }
    // Without gradients nothing moves; with them it does.
    #expect(reduced.tensors(groups: ["generator"]).filter { !$0.name.contains(".running_") } == before)
    #expect(plain.tensors(groups: ["generator"]).filter { !$0.name.contains(".running_") } != before)
  }

  /// By PyTorch's names; an optimizer's state beside each parameter; a group alone is the same as out of all.
  @Test(arguments: Optimizer.allCases) func theStateIsNamed(optimizer: Optimizer) throws {
    let trainer = try trainer { $0.optimizer = optimizer }
    criticStep(trainer)
    let all = trainer.tensors()
    let states = optimizer == .adam ? ["exp_avg", "exp_avg_sq"] : ["square_avg"]
    for role in NetRole.allCases {
      let net = trainer.tensors(groups: [role.rawValue])
      #expect(!net.isEmpty && net.allSatisfy { all[$0.name] == $0 })
      for parameter in net where !parameter.name.contains(".running_") {
        for state in states {
          let name = "optimizer.\(role.rawValue).\(state)." + parameter.name.dropFirst(role.rawValue.count + 1)
          #expect(all[name]?.shape == parameter.shape, "\(name)")
        }
      }
    }
    #expect(trainer.tensors(groups: ["critic", "generator", "optimizer"]) == all)
    #expect(trainer.tensors(groups: ["generator_ema"]).isEmpty)
  }

  /// A state comes back whole, or not at all.
  @Test func aStateIsSetWholeOrNotAtAll() throws {
    let trained = try trainer()
    criticStep(trained)
    _ = trained.generatorStep()
    let state = trained.tensors()
    let other = try trainer { $0.seed = 7 }
    let before = other.tensors()
    let lacking = TensorSet(state.dropLast())
    #expect(throws: Failure.self) { try other.restore(lacking, criticSteps: 1, generatorSteps: 1) }
    #expect(other.tensors() == before && other.criticStepsDone == 0)
    try other.restore(state, criticSteps: 1, generatorSteps: 1)
    #expect(other.tensors() == state && other.criticStepsDone == 1 && other.generatorStepsDone == 1)
    // And goes on as the other does, but for the seed's noise.
    let again = try trainer()
    try again.restore(state, criticSteps: 1, generatorSteps: 1)
    for trainer in [trained, again] {
      criticStep(trainer)
      _ = trainer.generatorStep()
    }
    #expect(again.tensors() == trained.tensors())
  }

  /// With products of bf16, too, training goes on from its state to the last bit, whatever the threads; and it isn't
  /// fp32's.
  @Test(.enabled(if: Device.supportsBFloat16)) func bfloat16GoesOnToTheLastBit() throws {
    var configuration = Self.configuration
    (configuration.size, configuration.features, configuration.precision) = (32, 16, .bfloat16)
    func train(_ trainer: Trainer) {
      for _ in 0..<3 {
        criticStep(trainer)
        _ = trainer.generatorStep()
      }
    }
    let trained = try Trainer(configuration, on: Device(threads: 1))
    train(trained)
    let stopped = trained.tensors()
    train(trained)
    let again = try Trainer(configuration, on: Device(threads: 3))
    try again.restore(stopped, criticSteps: 3, generatorSteps: 3)
    train(again)
    #expect(again.tensors() == trained.tensors())

    configuration.precision = .float32
    let other = try Trainer(configuration, on: Device(threads: 1))
    train(other)
    #expect(other.tensors() != stopped)
  }

  /// Where there are no products of bf16, a plan says so.
  @Test func bfloat16IsRefusedElsewhere() {
    var configuration = Self.configuration
    configuration.precision = .bfloat16
    for set in Device.supported where set != .avx512 {
      let error = #expect(throws: ConfigurationError.self) {
        try Trainer(configuration, on: Device(instructionSet: set, threads: 1))
      }
      #expect(error?.text(.flags).hasPrefix("--precision bf16: needs AVX512_BF16") == true)
      #expect(error?.text(.flags).contains("--precision fp32") == true)
    }
  }

  /// Whatever steps run: of both nets' buffers no two that are needed at a time share a Float, and together they take
  /// less than each net's alone.
  @Test(arguments: TrainingConfiguration.presets.map(\.preset), ObjectiveKind.allCases)
  func bothNetsShareMemory(preset: String, objective: ObjectiveKind) throws {
    var configuration = try TrainingConfiguration.preset(named: preset)
    (configuration.objective, configuration.criticNorm) = (objective, objective == .wgan)
    let plan = try TrainingPlan(configuration, on: Device(threads: 2))
    let memory = plan.arena.memory
    for (i, one) in memory.buffers.enumerated() {
      for (j, other) in memory.buffers.enumerated() where i < j && one.isAlive(with: other) {
        let (a, b) = (memory.range(i), memory.range(j))
        #expect(!a.overlaps(b), "\(one.name) at \(a) and \(other.name) at \(b)")
      }
    }
    let apart = [plan.critic, plan.generator].map { ArenaPlan(alone: $0).bytes }
    #expect(plan.arena.bytes < apart[0] + apart[1])
  }

  /// The passes that the objective declares are the calls that its steps make: the recorder hears as many
  /// multiply-adds.
  @Test(arguments: [NetKind.dcgan, .mlp], ObjectiveKind.allCases)
  func thePassesAreThoseThatRun(kind: NetKind, objective: ObjectiveKind) throws {
    let recorder = StepRecorder()
    var configuration = Self.configuration
    (configuration.objective, configuration.criticNorm) = (objective, objective == .wgan)
    (configuration.criticNet, configuration.generatorNet) = (kind, kind)
    let trainer = try Trainer(configuration, on: Device(threads: 1, recorder: recorder))
    func heard(_ step: () -> Void) -> Int {
      recorder.reset()
      recorder.isOn = true
      step()
      recorder.isOn = false
      return recorder.entries.reduce(0) { $0 + $1.work.multiplyAdds }
    }
    let counted = trainer.plan.multiplyAddsPerStep
    #expect(heard { criticStep(trainer) } == counted.critic)
    #expect(heard { _ = trainer.generatorStep() } == counted.generator)
  }
}
