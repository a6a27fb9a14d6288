import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing

/// Protects: any net whatever becomes a plan or an error of one line that names the layer, and never a trap; and a net
/// that becomes a plan computes what its layers say.
@Suite struct FusionTests {
  @Test(arguments: 0..<20) func anyNetIsAPlanOrAnError(block: Int) throws {
    var plans = 0
    let device = Device(threads: 2)
    for seed in block * 250..<(block + 1) * 250 {
      var random = RandomNet(seed: seed)
      let network = random.broken()
      do {
        for algorithm in AlgorithmChoice.allCases {
          for purpose in [ExecutionPlan.Purpose.training, .sampling] {
            let plan = try ExecutionPlan(network, batch: 5, purpose: purpose, algorithm: algorithm, on: device)
            #expect(plan.parameterBytes > 0 && plan.multiplyAdds > 0 && plan.summary.count == plan.steps.count)
          }
        }
        plans += 1
      } catch {
        let text = error.description
        #expect(text.hasPrefix("\(network.name): ") && !text.contains("\n") && text.count < 300, "\(text)")
        let places = network.layers.isEmpty ? ["has no layers"] : network.layers.map { "\($0.shownName): " }
        #expect(
          (places + ["the input: "]).contains { text.hasPrefix("\(network.name): \($0)") },
          "\(text) names none of \(places)")
      }
    }
    // Some changes leave a net possible.
    #expect((10..<150).contains(plans), "\(plans) of 250 nets are possible")
  }

  /// What once was a trap, and what once was a net that didn't do what it said.
  @Test(
    arguments: [
      (
        "a first layer without kernels for pictures",
        [.convolution(name: "x", outputChannels: 8, kernel: 3, stride: 1, padding: 1)]
      ),
      (
        "planes that aren't a multiple of 4",
        [
          .convolution(name: "a", outputChannels: 8, kernel: 4, stride: 2, padding: 1),
          .convolution(name: "b", outputChannels: 8, kernel: 4, stride: 2, padding: 1),
          .convolution(name: "x", outputChannels: 8, kernel: 4, stride: 2, padding: 1),
        ]
      ),
      ("no kernel", [.convolution(name: "x", outputChannels: 8, kernel: 5, stride: 2, padding: 2)]),
      ("no channels", [.convolution(name: "x", outputChannels: 0, kernel: 4, stride: 2, padding: 1)]),
      (
        "a transposed convolution of pictures",
        [
          .transposedConvolution(name: "x", outputChannels: 8, kernel: 4, stride: 2, padding: 1)
        ]
      ),
      (
        "tanh inside a net",
        [
          .convolution(name: "a", outputChannels: 8, kernel: 4, stride: 2, padding: 1), .tanh,
          .convolution(name: "b", outputChannels: 1, kernel: 8, stride: 1, padding: 0),
        ]
      ),
      (
        "two layers of a name",
        [
          .convolution(name: "x", outputChannels: 8, kernel: 4, stride: 2, padding: 1),
          .convolution(name: "x", outputChannels: 1, kernel: 8, stride: 1, padding: 0),
        ]
      ),
      (
        "a negative slope, whose gradient can't be told from the output",
        [
          .convolution(name: "x", outputChannels: 8, kernel: 4, stride: 2, padding: 1), .activation(slope: -0.5),
          .convolution(name: "b", outputChannels: 1, kernel: 8, stride: 1, padding: 0),
        ]
      ),
    ] as [(String, [Layer])]) func isRefused(what: String, layers: [Layer])
  {
    let network = Network(name: "odd", input: .pictures(channels: 3, size: 16), output: .scores, layers: layers)
    let error = #expect(throws: NetworkError.self, "\(what)") { try network.fused() }
    let place = layers.contains(.tanh) ? "tanh" : "x"
    #expect(error?.description.hasPrefix("odd: \(place): ") == true, "\(what): \(error?.description ?? "")")
  }

  // MARK: - What a plan computes

  /// Nets of any layers in any order that fuse, and broken ones that do all the same, forward and backward.
  @Test(arguments: 0..<8) func anyPlanComputesWhatItsLayersSay(block: Int) throws {
    var count = 0
    for seed in block * 60..<(block + 1) * 60 {
      var random = RandomNet(seed: seed)
      let network = seed % 2 == 0 ? random.sound() : random.broken()
      let steps = try? network.fused()
      if seed % 2 == 0 { #expect(steps != nil, "\(network)") }
      guard let steps, steps.reduce(0, { $0 + $1.layer.multiplyAdds(batch: 1) }) < 200_000 else { continue }
      count += 1
      try compare(
        network, seed: UInt64(seed),
        // What is planned for small caches has room on them.
        Device(
          instructionSet: Device.supported[seed % Device.supported.count], threads: 1 + seed % 3,
          cacheBytes: seed % 5 == 0 ? 20_000 : nil),
        AlgorithmChoice.allCases[seed / 2 % 3])
    }
    #expect(count >= 15, "\(count) nets")
  }

  private func compare(
    _ network: Network, seed: UInt64, _ device: Device, _ algorithm: AlgorithmChoice
  ) throws {
    let batch = 6
    var stream = RandomStream(seed: seed, purpose: .test)
    let (channels, size) = network.input.shape
    var reference = ReferenceNetwork(network).randomised { stream.uniformDouble() }
    let pair = try Pair(reference, network, batch: batch, algorithm: algorithm, on: device)
    let executor = pair.executor
    let source = uniform([batch, channels, size, size], &stream)
    let input = pair.input(source)
    let what = "net \(seed) \(device.instructionSet) \(algorithm): \(network)"

    let (destination, tape) = reference.forwardTraining(source)
    executor.forward(batch: batch, input: input, statistics: .batch)
    let direction: ReferenceTensor
    let start: Executor.OutputGradient
    switch network.output {
    case .scores:
      #expect(abs(Double(executor.scores(batch: batch).mean) - destination.values[0]) < 1e-4, "\(what)")
      (direction, start) = (.scalar(1), .scores(1 / Float(batch)))
    case .pictures:
      expectClose(executor.output.array(batch: batch), destination.values, within: 1e-4, what)
      direction = uniform(destination.shape, &stream)
      let layout = ActivationLayout(
        .interleaved, channels: destination.shape[1], height: destination.shape[2], width: destination.shape[3], halo: 0
      )
      let gradient = Activations(Slab(count: layout.count(batch: batch)).all, layout)
      gradient.set(direction.values.map(Float.init), batch: batch)
      start = .pictures(gradient)
    }
    let readsPictures = if case .pictures = network.input { true } else { false }
    let expected = reference.backward(tape: tape, diffDestination: direction)
    executor.gradients.fill(.nan)
    executor.backward(
      batch: batch, input: input, from: start, parameterGradients: true, inputGradient: readsPictures)
    var gradients = try expected.diffParameters.map { (name: $0, actual: try pair.gradient($0), expected: $1.values) }
    if readsPictures {
      gradients.append(
        ("input", executor.inputGradient.array(batch: batch), expected.diffSource.values))
    }
    // A gradient that cancels (of what a norm takes away again) is measured against the net's others.
    let scale = gradients.reduce(0) { max($0, rms($1.expected)) }
    for gradient in gradients {
      let difference = rms(zip(gradient.actual, gradient.expected).map { Double($0) - $1 })
      #expect(
        difference < 1e-3 * max(rms(gradient.expected), scale / 20), "\(what): gradient of \(gradient.name)")
    }
  }

  private func rms(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(max(values.count, 1))).squareRoot()
  }
}

extension Layer {
  /// As errors name it.
  fileprivate var shownName: String {
    switch self {
    case .convolution(let name, _, _, _, _), .transposedConvolution(let name, _, _, _, _), .linear(let name, _),
      .batchNorm(let name):
      name
    case .view, .activation, .tanh: "\(self)"
    }
  }
}
