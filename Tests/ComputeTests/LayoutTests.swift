import Compute
import ReferenceKernels
import Testing

/// Protects: the layouts as documented (checkpoints and other kernels rely on the formulas), and pictures' ways in and
/// out.
@Suite struct LayoutTests {
  static let layouts = [
    ActivationLayout(.blocked, channels: 20, height: 4, width: 8, halo: 1),
    ActivationLayout(.blocked, channels: 16, height: 3, width: 5, halo: 0),
    ActivationLayout(.blocked, channels: 1, height: 1, width: 1, halo: 2),
    ActivationLayout(.interleaved, channels: 3, height: 4, width: 6, halo: 1),
    ActivationLayout(.interleaved, channels: 1, height: 5, width: 3, halo: 2),
  ]

  @Test(arguments: layouts) func activationsLieWhereTheFormulaSays(_ l: ActivationLayout) {
    let batch = 3
    let count = batch * l.channels * l.height * l.width
    // No zero among the values, so that every zero in memory is halo or unused lane.
    let values = (1...count).map(Float.init)
    let memory = GuardedActivations(l, batch: batch, values: values)
    let floats = memory.memory.floats
    var index = 0
    for n in 0..<batch {
      for c in 0..<l.channels {
        for y in 0..<l.height {
          for x in 0..<l.width {
            let (rows, columns) = (l.height + 2 * l.halo, l.width + 2 * l.halo)
            let offset =
              switch l.order {
              case .blocked:
                (((n * ((l.channels + 15) / 16) + c / 16) * rows + y + l.halo) * columns + x + l.halo) * 16 + c % 16
              case .interleaved: ((n * rows + y + l.halo) * columns + x + l.halo) * l.channels + c
              }
            #expect(floats[offset] == values[index])
            index += 1
          }
        }
      }
    }
    #expect(floats.count { $0 != 0 } == count)
    #expect(memory.values == values)
    memory.memory.expectUntouched("\(l)")
  }

  @Test func weightsLieWhereTheFormulasSay() throws {
    let (o, i, k) = (33, 20, 4)
    let blocked = try Convolution(kernel: k, stride: 2, padding: 1, inputChannels: i, outputChannels: o, inputSize: 8)
    let picture = try Convolution(
      .picture, kernel: k, stride: 2, padding: 1, inputChannels: 3, outputChannels: o, inputSize: 16)
    let score = try Convolution(
      .score, kernel: k, stride: 1, padding: 0, inputChannels: i, outputChannels: 1, inputSize: 4)
    for c in [blocked, picture, score] {
      let values = (1...c.parameterCount).map(Float.init)
      let memory = Guarded(count: c.weightsCount)
      c.setWeights(memory.slice, from: values)
      let floats = memory.floats
      var index = 0
      for o in 0..<c.outputChannels {
        for i in 0..<c.inputChannels {
          for y in 0..<k {
            for x in 0..<k {
              let offset =
                switch c.form {
                case .blocked: ((((o / 16 * 2 + i / 16) * k + y) * k + x) * 16 + i % 16) * 16 + o % 16
                case .picture: (((o / 16 * k + y) * k + x) * 3 + i) * 16 + o % 16
                case .score: ((i / 16 * k + y) * k + x) * 16 + i % 16
                }
              #expect(floats[offset] == values[index])
              index += 1
            }
          }
        }
      }
      #expect(floats.count { $0 != 0 } == values.count, "unused lanes are zero")
      #expect(c.weightValues(memory.slice) == values)
      memory.expectUntouched(c.description)
    }
  }

  @Test(arguments: [1, 3]) func pixelsBecomeValuesAndComeBack(channels: Int) {
    let (count, size) = (3, 16)
    var data = TestData(seed: channels)
    let bytes = (0..<count * size * size * channels).map { $0 < 256 ? UInt8($0) : UInt8(data.below(256)) }
    let layout = ActivationLayout(.interleaved, channels: channels, height: size, width: size, halo: 1)
    let expected = ReferencePixels.tensor(bytes: bytes, count: count, height: size, width: size, channels: channels)
    for threads in 1...3 {
      let device = Device(threads: threads)
      let memory = GuardedActivations(layout, batch: count)
      bytes.withUnsafeBufferPointer { memory.activations.setPixels($0, count: count, on: device) }
      expectEqual(memory.values, expected, bound: { _ in 2 * unitRoundoff }, "setPixels, channels \(channels)")
      memory.expectCleanFrame("setPixels, channels \(channels)")
      #expect((0..<count).flatMap { memory.activations.pixels(of: $0) } == bytes)
      var last = [Float](repeating: 0, count: (count - 1) * channels * size * size)
      last.withUnsafeMutableBufferPointer { memory.activations.copy(pictures: 1..<count, to: $0, on: device) }
      #expect(last[...] == memory.values[(channels * size * size)...])
    }
  }

  /// Whatever a net makes, a picture comes out.
  @Test func valuesBeyondTheRangeBecomeItsEnds() {
    let layout = ActivationLayout(.interleaved, channels: 1, height: 1, width: 8, halo: 0)
    let values: [Float] = [-1, 1, -1.001, 1.001, .infinity, -.infinity, .nan, 0]
    let bytes = GuardedActivations(layout, batch: 1, values: values).activations.pixels(of: 0)
    #expect(bytes[..<6] == [0, 255, 0, 255, 255, 0])
    #expect(bytes[7] == 128)
  }

  @Test(arguments: [1, 3]) func tanhGradient(channels: Int) {
    let (batch, size) = (3, 16)
    let shape = [batch, channels, size, size]
    var data = TestData(seed: 10 + channels)
    let y = data.uniform(shape.reduce(1, *))
    let diffY = data.uniform(shape.reduce(1, *))
    func layout(halo: Int) -> ActivationLayout {
      ActivationLayout(.interleaved, channels: channels, height: size, width: size, halo: halo)
    }
    let expected = ReferenceTensor(
      shape: shape, values: zip(diffY, y).map { Double($0) * (1 - Double($1) * Double($1)) })
    for device in devices(threads: 2) {
      let result = GuardedActivations(layout(halo: 1), batch: batch)
      result.activations.setTanhGradient(
        diffY: GuardedActivations(layout(halo: 0), batch: batch, values: diffY).activations,
        y: GuardedActivations(layout(halo: 2), batch: batch, values: y).activations, batch: batch, on: device)
      let repro = "setTanhGradient channels \(channels) \(device.instructionSet)"
      expectEqual(result.values, expected, bound: { 3 * unitRoundoff * Double(abs(diffY[$0])) }, repro)
      result.expectCleanFrame(repro)
    }
  }
}
