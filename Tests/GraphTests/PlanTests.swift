import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing

/// Protects: a net's counts and names, and the memory plan.
@Suite struct PlanTests {
  /// Computed by hand for 64 x 64, 64 features, 100 latent values: parameters, and forward multiply-adds in 0.1 M.
  @Test(arguments: [
    (extraLayers: 0, generator: (3_576_704, 1_046), critic: (2_765_568, 1_038)),
    (extraLayers: 1, generator: (3_613_696, 1_424), critic: (2_802_560, 1_416)),
  ])
  func countsOfTheNets(_ expected: (extraLayers: Int, generator: (Int, Int), critic: (Int, Int))) throws {
    let nets = ReferenceNets(ReferenceDCGAN(extraLayers: expected.extraLayers))
    for (network, counts) in [(nets.generatorNetwork(), expected.generator), (nets.criticNetwork(), expected.critic)] {
      let plan = try ExecutionPlan(network, batch: 64, purpose: .training, on: Device(threads: 2))
      #expect(plan.parameters.parameterCount == counts.0, "\(network.name)")
      #expect((plan.multiplyAdds + 50_000) / 100_000 == counts.1, "\(network.name)")
    }
  }

  @Test(arguments: [0, 2], ReferenceBlockOrder.allCases)
  func namesAndShapesAreThoseOfPyTorch(extraLayers: Int, order: ReferenceBlockOrder) throws {
    let nets = ReferenceNets(
      ReferenceDCGAN(size: 32, features: 8, latent: 10, extraLayers: extraLayers, order: order))
    try check(nets)
  }

  @Test func namesAndShapesOfOtherNetsAreThoseOfPyTorch() throws {
    try check(ReferenceNets(ReferenceMLP(size: 16, channels: 3, features: 40, latent: 10)))
    try check(ReferenceNets(ReferenceDCGAN(size: 32, features: 8, extraLayers: 1, norms: false, convolvesExtra: true)))
  }

  private func check(_ nets: ReferenceNets) throws {
    for (reference, network) in [(nets.critic, nets.criticNetwork()), (nets.generator, nets.generatorNetwork())] {
      let table = try ExecutionPlan(network, batch: 2, purpose: .training, on: Device(threads: 1)).parameters
      // state_dict's order inside a block is its modules': convolution, then norm, wherever the activation stands.
      #expect(Set(table.parameters.map(\.name)) == Set(reference.parameters.keys))
      for parameter in table.parameters { #expect(parameter.shape == reference[parameter.name].shape) }
      #expect(
        Set(table.buffers.map(\.name))
          == Set(reference.running.keys.flatMap { [$0 + ".running_mean", $0 + ".running_var"] }))
      #expect(table.parameters.map(\.name) == reference.parameterShapes.map(\.name))
      // No two parameters share a Float, and each starts on a cache line.
      for list in [table.parameters, table.buffers] {
        for (a, b) in zip(list, list.dropFirst()) { #expect(a.range.upperBound == b.range.lowerBound) }
        #expect(list.allSatisfy { $0.range.lowerBound % 16 == 0 })
      }
    }
  }

  /// Two buffers that are alive at the same time must not overlap. Random lifetimes, seeded.
  @Test(arguments: 0..<20) func buffersAliveTogetherLieApart(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: .test)
    let buffers = (0..<40).map { i in
      let first = stream.below(20)
      let last = first + stream.below(8)
      // A third of them have a second life.
      let again = stream.below(3) == 0 ? [last + 2...last + 2 + stream.below(5)] : []
      return MemoryPlan.Buffer(name: "\(i)", count: stream.below(1000), times: [first...last] + again)
    }
    Self.check(MemoryPlan(buffers))
  }

  @Test(arguments: [16, 32, 64], [ExecutionPlan.Purpose.training, .sampling])
  func plansOfTheNetsShareMemory(size: Int, purpose: ExecutionPlan.Purpose) throws {
    for nets in [
      ReferenceNets(ReferenceDCGAN(size: size, features: 16)),
      ReferenceNets(ReferenceDCGAN(size: size, features: 5, extraLayers: 1)),
      ReferenceNets(ReferenceDCGAN(size: size, features: 8, norms: false)),
      ReferenceNets(ReferenceMLP(size: size, features: 40)),
    ] {
      for network in [nets.criticNetwork(), nets.generatorNetwork()] {
        let plan = try ExecutionPlan(network, batch: 3, purpose: purpose, on: Device(threads: 2))
        let memory = ArenaPlan(alone: plan).memory
        Self.check(memory)
        // Gradients of different layers are never alive together.
        if purpose == .training {
          #expect(memory.arenaCount < memory.unsharedCount, "\(network.name) \(size): nothing is shared")
        }
      }
    }
  }

  static func check(_ plan: MemoryPlan) {
    for (i, a) in plan.buffers.enumerated() {
      #expect(plan.offsets[i] % 16 == 0 && plan.offsets[i] + a.count <= plan.arenaCount)
      for (j, b) in plan.buffers.enumerated() where j > i && areAlive(a, b) {
        let apart = plan.offsets[i] + a.count <= plan.offsets[j] || plan.offsets[j] + b.count <= plan.offsets[i]
        #expect(apart || a.count == 0 || b.count == 0, "\(a) at \(plan.offsets[i]) and \(b) at \(plan.offsets[j])")
      }
    }
    // No plan can be smaller than what is alive at one time.
    let end = plan.buffers.flatMap(\.times).map(\.upperBound).max() ?? 0
    let alive = (0...end).map { t in
      plan.buffers.reduce(0) { $0 + ($1.times.contains { $0.contains(t) } ? $1.count : 0) }
    }
    #expect(plan.arenaCount >= alive.max() ?? 0)
    #expect(plan.arenaCount <= plan.unsharedCount)
  }

  private static func areAlive(_ a: MemoryPlan.Buffer, _ b: MemoryPlan.Buffer) -> Bool {
    a.times.contains { mine in b.times.contains { mine.lowerBound <= $0.upperBound && $0.lowerBound <= mine.upperBound }
    }
  }

  @Test func layersThatFollowNothingAreNamed() {
    let lost = Network(
      name: "lost", input: .pictures(channels: 3, size: 16), output: .scores, layers: [.batchNorm(name: "early.bn")])
    let error = #expect(throws: NetworkError.self) {
      try ExecutionPlan(lost, batch: 1, purpose: .training, on: Device(threads: 1))
    }
    #expect(error?.description.contains("early.bn") == true)
  }

  /// Layers that no kernel runs behind a linear one are refused in a line, not in a driver.
  @Test(
    arguments: [
      [.linear(name: "main.0", outputs: 100), .view(channels: 1, size: 16)],
      [.linear(name: "main.0", outputs: 256), .view(channels: 1, size: 16), .tanh],
      [.view(channels: 1, size: 16)],
      [.linear(name: "main.0", outputs: 7)],
      [
        .transposedConvolution(name: "initial", outputChannels: 8, kernel: 4, stride: 1, padding: 0),
        .linear(name: "main.0", outputs: 1),
      ],
    ] as [[Layer]]) func linearLayersThatCannotBe(layers: [Layer])
  {
    let network = Network(
      name: "odd", input: .vectors(count: 9), output: .pictures(channels: 1, size: 16), layers: layers)
    let error = #expect(throws: NetworkError.self) { try network.fused() }
    #expect(error?.description.hasPrefix("odd: ") == true)
  }
}
