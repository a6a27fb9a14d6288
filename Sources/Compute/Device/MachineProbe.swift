// The machine's limits as loops to be timed: the arithmetic of one instruction set, and the traffic of a memory level.

import Kernels

/// Probes on all threads of a device. They do the work; whoever calls them holds the clock.
package struct MachineProbe: Sendable {
  let device: Device
  private let arithmetic: ArithmeticProbe

  /// - Parameter precision: of what `multiplyAdd` multiplies; the device supports it.
  package init(_ device: Device, precision: Precision = .float32) {
    self.device = device
    arithmetic = precision == .float32 ? device.kernels.peak.arithmetic : device.pairs.peak
  }

  // MARK: Arithmetic

  /// Floats that `multiplyAdd` needs: a whole number of cache lines a thread.
  package var registerCount: Int { device.threads * registersPerThread }
  package var registersPerThread: Int { (arithmetic.registerFloats + 15) / 16 * 16 }

  /// Floating-point operations of a round on all threads together.
  package var operationsPerRound: Int { device.threads * arithmetic.operationsPerRound }

  /// In each lane of each accumulator c, `rounds` times: c = x*c + y; of pairs, c = c + x*y.
  ///
  /// - Parameter registers: `registerCount` Floats, a part of `registersPerThread` a thread: a vector x, a vector y,
  ///   the c.
  package func multiplyAdd(rounds: Int, registers: Slice) {
    precondition(registers.count >= registerCount && rounds >= 0)
    device.onEachThread(device.threads) { thread in
      arithmetic.run(registers.pointer + thread * registersPerThread, rounds)
    }
  }

  // MARK: Traffic

  /// Buffers are a multiple of this for each thread.
  package static var bufferStep: Int { probeStep }

  /// Each thread reads its part of the buffer `passes` times: the sum of all Floats of the last pass.
  package func read(_ buffer: Slice, passes: Int) -> Float {
    let part = part(of: buffer)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: device.threads) { sums in
      nonisolated(unsafe) let sums = sums
      sums.initialize(repeating: 0)
      device.onEachThread(device.threads) { thread in
        for _ in 0..<passes { sums[thread] = device.kernels.peak.read(buffer.pointer + thread * part, part) }
      }
      return sums.reduce(0, +)
    }
  }

  /// Each thread copies its part of the buffer `passes` times.
  package func copy(_ source: Slice, to destination: Slice, passes: Int) {
    let part = part(of: source)
    precondition(destination.count == source.count)
    device.onEachThread(device.threads) { thread in
      for _ in 0..<passes {
        device.kernels.peak.copy(source.pointer + thread * part, destination.pointer + thread * part, part)
      }
    }
  }

  private func part(of buffer: Slice) -> Int {
    let part = buffer.count / device.threads
    precondition(part * device.threads == buffer.count && part % probeStep == 0, "whole steps for each thread")
    return part
  }
}

// MARK: - What the drivers choose

extension Device {
  /// The register tile of the sums of products in forward and backwardData: pixels x Floats of neighbouring channels.
  package var multiplyTile: (pixels: Int, channels: Int) {
    (kernels.tile.groups * kernels.tile.groupPixels, kernels.tile.blocks * channelBlock)
  }

  /// The register tile of backwardWeights: input channels x output channels.
  package var weightsTile: (inputs: Int, outputs: Int) {
    (kernels.tile.weightsRows.largest, kernels.tile.weightsBlocks * channelBlock)
  }
}
