import Compute
import Testing

/// The benchmarks divide by what the probes claim to have done: protects that claim.
@Suite struct MachineProbeTests {
  @Test(arguments: [1, 3]) func everyRoundIsDoneInEveryLane(threads: Int) {
    for set in Device.supported {
      let probe = MachineProbe(Device(instructionSet: set, threads: threads))
      let registers = Slab(count: probe.registerCount).all
      let accumulatorFloats = probe.operationsPerRound / threads / 2
      // x = y = 1 and c = its own place: after n rounds, c + n.
      for thread in 0..<threads {
        let part = registers[thread * probe.registersPerThread..<(thread + 1) * probe.registersPerThread]
        part.fill(1)
        let ones = probe.registersPerThread - accumulatorFloats
        part.copy(from: (0..<part.count).map { $0 < ones ? 1 : Float($0) })
      }
      probe.multiplyAdd(rounds: 1000, registers: registers)
      let values = Activations(
        registers,
        ActivationLayout(.interleaved, channels: 1, height: 1, width: probe.registerCount, halo: 0)
      ).array(batch: 1)
      for (i, value) in values.enumerated() {
        let place = i % probe.registersPerThread
        let isAccumulator = place >= probe.registersPerThread - accumulatorFloats
        #expect(value == (isAccumulator ? Float(place + 1000) : 1), "\(set), Float \(i)")
      }
    }
  }

  /// Of pairs: x = y = (0, 1), each a product of 1 and one of 0 a round.
  @Test(arguments: [1, 3]) func everyRoundOfPairsIsDoneInEveryLane(threads: Int) {
    guard Device.supportsBFloat16 else { return }
    let probe = MachineProbe(Device(threads: threads), precision: .bfloat16)
    let registers = Slab(count: probe.registerCount).all
    registers.fill(1)
    probe.multiplyAdd(rounds: 1000, registers: registers)
    let values = Activations(
      registers, ActivationLayout(.interleaved, channels: 1, height: 1, width: probe.registerCount, halo: 0)
    ).array(batch: 1)
    let accumulatorFloats = probe.operationsPerRound / threads / 4
    let ones = probe.registersPerThread - accumulatorFloats
    for (i, value) in values.enumerated() {
      #expect(value == (i % probe.registersPerThread >= ones ? 1001 : 1), "Float \(i)")
    }
  }

  @Test func everyFloatIsReadAndCopied() {
    for set in Device.supported {
      let probe = MachineProbe(Device(instructionSet: set, threads: 2))
      let count = 2 * 3 * MachineProbe.bufferStep
      let source = Slab(count: count).all
      let values = (0..<count).map { Float($0 % 7) }
      source.copy(from: values)
      #expect(probe.read(source, passes: 2) == values.reduce(0, +), "\(set)")
      let destination = Slab(count: count).all
      probe.copy(source, to: destination, passes: 1)
      let copied = Activations(
        destination, ActivationLayout(.interleaved, channels: 1, height: 1, width: count, halo: 0)
      ).array(batch: 1)
      #expect(copied == values, "\(set)")
    }
  }
}
