import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing

/// Protects: nets that share memory. What is needed at a time lies apart, sharing changes no bit, and a pass that the
/// plan doesn't know of ends the process instead of computing with another buffer's values.
@Suite struct ArenaTests {
  typealias Sequence = [(net: Int, pass: ExecutionPass)]
  static let (critic, generator) = (0, 1)
  /// As training runs them: a critic step, a generator step.
  static let steps: [Sequence] = [
    [
      (critic, .forward), (generator, .forward), (critic, .backward(parameters: true, input: false)),
      (critic, .forward), (critic, .backward(parameters: true, input: false)),
    ],
    [
      (generator, .forward), (critic, .forward), (critic, .backward(parameters: false, input: true)),
      (generator, .backward(parameters: true, input: false)),
    ],
  ]

  /// Both nets in training, in one arena or in one each.
  struct Nets {
    let critic: Pair
    let generator: Pair

    init(_ nets: ReferenceNets, batch: Int, sharing: Bool, on device: Device) throws {
      var stream = RandomStream(seed: 4, purpose: .test)
      let networks = [nets.criticNetwork(), nets.generatorNetwork()]
      let plans = try networks.map { try ExecutionPlan($0, batch: batch, purpose: .training, on: device) }
      let arena = Arena(ArenaPlan(plans, sequences: ArenaTests.steps))
      func pair(_ net: Int, _ reference: ReferenceNetwork) throws -> Pair {
        let executor =
          sharing ? Executor(plans[net], in: arena, ofNet: net, on: device) : Executor(plans[net], on: device)
        return try Pair(reference.randomised { stream.uniformDouble() }, executor, on: device)
      }
      critic = try pair(ArenaTests.critic, nets.critic)
      generator = try pair(ArenaTests.generator, nets.generator)
    }
  }

  @Test(arguments: ExecutorTests.nets) func sharingChangesNoBit(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 5, purpose: .test)
    let real = uniform([5, nets.channels, nets.size, nets.size], &stream)
    let noise = uniform([5, nets.latent, 1, 1], &stream)
    func bits(sharing: Bool, _ device: Device) throws -> [UInt32] {
      let pairs = try Nets(nets, batch: 6, sharing: sharing, on: device)
      let (d, g) = (pairs.critic.executor, pairs.generator.executor)
      let (real, noise) = (pairs.critic.input(real), pairs.generator.input(noise))
      var values: [Float] = []
      func keep(_ executor: Executor) {
        for parameter in executor.plan.parameters.parameters { values += parameter.values(in: executor.gradients) }
        for buffer in executor.plan.parameters.buffers { values += buffer.values(in: executor.buffers) }
      }
      // Twice: the second time the arena is full of what the first one left.
      for batch in [5, 4] {
        d.forward(batch: batch, input: real, statistics: .batch)
        values += d.scores(batch: batch).array
        g.forward(batch: batch, input: noise, statistics: .batch)
        d.backward(batch: batch, input: real, from: .scores(0.2), parameterGradients: true)
        d.forward(batch: batch, input: g.output, statistics: .batch)
        values += d.scores(batch: batch).array
        d.backward(batch: batch, input: g.output, from: .scores(-0.2), parameterGradients: true, accumulate: true)
        keep(d)

        g.forward(batch: batch, input: noise, statistics: .batch)
        d.forward(batch: batch, input: g.output, statistics: .batch)
        d.backward(
          batch: batch, input: g.output, from: .scores(0.2), parameterGradients: false, inputGradient: true)
        values += g.output.array(batch: batch) + d.inputGradient.array(batch: batch)
        g.backward(batch: batch, input: noise, from: .pictures(d.inputGradient), parameterGradients: true)
        keep(g)
      }
      return values.map(\.bitPattern)
    }
    for set in Device.supported {
      let device = Device(instructionSet: set, threads: 2)
      #expect(try bits(sharing: true, device) == bits(sharing: false, device), "\(set)")
    }
  }

  /// Of both nets of DCGAN's shape what is shared is most of what they took apart.
  @Test func theNetsTakeLessTogether() throws {
    let nets = ReferenceNets(ReferenceDCGAN(size: 32, features: 16))
    let plans = try [nets.criticNetwork(), nets.generatorNetwork()].map {
      try ExecutionPlan($0, batch: 16, purpose: .training, on: Device(threads: 2))
    }
    let together = ArenaPlan(plans, sequences: Self.steps)
    PlanTests.check(together.memory)
    let apart = plans.map { ArenaPlan(alone: $0).bytes }
    #expect(10 * together.bytes < 7 * (apart[0] + apart[1]), "\(together.bytes) of \(apart)")
  }

  /// The gradients' slab is one of the shared buffers: a backward pass writes all of it, lanes that no channel uses
  /// included, and these with zeros. Else an optimizer would meet another buffer's values.
  @Test(arguments: ExecutorTests.nets) func gradientsAreWrittenWhole(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 6, purpose: .test)
    let noise = uniform([3, nets.latent, 1, 1], &stream)
    let pairs = try Nets(nets, batch: 3, sharing: false, on: Device(threads: 2))
    let (d, g) = (pairs.critic.executor, pairs.generator.executor)
    let input = pairs.generator.input(noise)
    for executor in [d, g] { executor.gradients.fill(.nan) }
    g.forward(batch: 3, input: input, statistics: .batch)
    d.forward(batch: 3, input: g.output, statistics: .batch)
    d.backward(batch: 3, input: g.output, from: .scores(1), parameterGradients: true, inputGradient: true)
    g.backward(batch: 3, input: input, from: .pictures(d.inputGradient), parameterGradients: true)
    for executor in [d, g] {
      // What the parameters' own lanes add up to is all that there is.
      let named = executor.plan.parameters.parameters.flatMap { $0.values(in: executor.gradients) }
      #expect(executor.gradients.isFinite, "\(executor.plan.network.name)")
      #expect(executor.gradients.array.count { $0 != 0 } == named.count { $0 != 0 }, "\(executor.plan.network.name)")
    }
  }

  // MARK: - Passes that weren't planned

  /// What a critic step makes of the generator's activations is gone before it ends.
  @Test func whatIsGoneIsNotRead() async {
    await #expect(processExitsWith: .success) { try ArenaTests.backward(behind: [.generator]) }
    await #expect(processExitsWith: .failure) { try ArenaTests.backward(behind: [.generator, .critic]) }
  }

  private enum Forward { case critic, generator }

  /// A backward pass of the generator behind forward passes.
  private static func backward(behind passes: [Forward]) throws {
    let nets = ReferenceNets(ReferenceDCGAN(size: 32, features: 16, latent: 7))
    let pairs = try Nets(nets, batch: 16, sharing: true, on: Device(threads: 1))
    let (d, g) = (pairs.critic, pairs.generator)
    var stream = RandomStream(seed: 6, purpose: .test)
    let noise = g.input(uniform([16, 7, 1, 1], &stream))
    let pictures = d.input(uniform([16, 3, 32, 32], &stream))
    for pass in passes {
      switch pass {
      case .critic:
        d.executor.forward(batch: 16, input: pictures, statistics: .batch)
        d.executor.backward(batch: 16, input: pictures, from: .scores(1), parameterGradients: true)
      case .generator: g.executor.forward(batch: 16, input: noise, statistics: .batch)
      }
    }
    g.executor.backward(batch: 16, input: noise, from: .pictures(pictures), parameterGradients: true)
  }
}

/// Protects: a buffer is alive from each call that writes it to the last one that reads what it wrote, and at no other
/// time. Random sequences of calls, seeded; the definition written out, pair by pair.
@Suite struct LifetimesTests {
  @Test(arguments: 0..<30) func theyAreWhatTheCallsSay(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: .test)
    let buffers = 6
    let result = 5
    var lifetimes = Lifetimes(buffers: buffers)
    var expected = [Set<Int>](repeating: [], count: buffers)
    var end = 0
    for _ in 0..<3 {
      var written: [Int] = []
      let sequence = (0..<1 + stream.below(12)).map { _ in
        let reads = written.filter { _ in stream.below(4) == 0 }
        let writes = (0..<1 + stream.below(2)).map { _ in stream.below(buffers) }
        written = Array(Set(written + writes)).sorted()
        return BufferUse(reads: reads, writes: writes)
      }
      lifetimes.add(sequence, results: [result])
      for buffer in 0..<buffers {
        for (write, use) in sequence.enumerated() where use.writes.contains(buffer) {
          expected[buffer].insert(end + write)
          // A call that reads and writes reads what was there before.
          let next = sequence.indices.first { $0 > write && sequence[$0].writes.contains(buffer) } ?? sequence.count
          for read in write + 1..<max(write + 1, min(next + 1, sequence.count))
          where sequence[read].reads.contains(buffer) {
            expected[buffer].formUnion(end + write...end + read)
          }
        }
        if buffer == result, let first = sequence.firstIndex(where: { $0.writes.contains(buffer) }) {
          expected[buffer].formUnion(end + first..<end + sequence.count)
        }
      }
      end += sequence.count
    }
    for buffer in 0..<buffers {
      #expect(lifetimes.times[buffer].flatMap { Array($0) } == expected[buffer].sorted(), "buffer \(buffer)")
    }
  }
}
